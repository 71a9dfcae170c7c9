//! The observatory: the lab's trace and log store.
//!
//! OTLP in over HTTP and gRPC ([`intake`]), memory bounded by bytes ([`store`]), Jaeger's query API
//! out ([`query`]). A process of its own that knows nothing of the shop: any OTLP sender may use
//! it, and any client of Jaeger can ask it. It is not a Jaeger: it keeps nothing on disk, and has
//! no agents, no sampling and no users.

pub mod admin;
pub mod config;
pub mod intake;
pub mod metrics;
pub mod query;
pub mod server;
pub mod store;
pub mod wire;
