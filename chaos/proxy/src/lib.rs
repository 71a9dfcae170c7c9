//! The chaos proxy: edges that can be made slow, thin, lossy or dead, request by request if they carry HTTP, and heal by
//! themselves.
//!
//! Its control API is Toxiproxy's, so that existing clients work unchanged; what it adds is optional: leases, faults
//! and what they hit, a blackhole that loses nothing.
//!
//! | module | what | |
//! |---|---|---|
//! | [`toxic`] | what a fault does, as a value | pure |
//! | [`decision`] | whom it hits: hash(seed, fault, edge, key, attempt) | pure |
//! | [`exchange`] | what happens to an HTTP request and its answer | pure, counts how often it was asked |
//! | [`mod@line`] | one direction of one connection under faults | pure, the clock is handed in |
//! | [`kafka`] | the address that a broker tells its clients | pure |
//! | [`lease`] | who heals what when | pure, the clock is handed in |
//! | [`fault`] | a fault that is set, and its toll | counters |
//! | [`registry`] | the edges and what is set on them | holds no lock while it waits |
//! | `edge` | listeners, connections, and HTTP where a fault needs it | sockets |
//! | [`api`] | the control API | HTTP |
//! | [`limits`] | every limit with its reason | |
//!
//! It knows nothing of the shop: an edge is a name, an address to listen on and an address behind it.

mod edge;

pub mod api;
pub mod config;
pub mod decision;
pub mod exchange;
pub mod fault;
pub mod kafka;
pub mod lease;
pub mod limits;
pub mod line;
pub mod metrics;
pub mod registry;
pub mod server;
pub mod toxic;
