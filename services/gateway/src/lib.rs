//! The gateway: authenticates, limits and routes; knows no business.
//!
//! A request passes, in this order: path check and route table (`routes`), token and API key (`http::visitor`), one
//! Redis round trip for revocation and rate limit (`admission`), choice of an instance (`upstream`), and the call through
//! that instance's edge policy (`http::forward`).

mod admission;
pub mod app;
mod config;
mod http;
mod routes;
mod upstream;

pub use self::http::document;
