//! A mail server that delivers nowhere: every accepted message becomes a file that can be read back.
//!
//! [`serve`] speaks enough ESMTP (RFC 5321) for real clients, without TLS or authentication: it is for loopback.
//! [`list`] and [`read`] look into the folder, from any process. Relaying, queues and bounces are not here.

mod lines;
mod server;
mod session;
mod store;

pub use server::serve;
pub use store::{Mail, Summary, list, read};
