//! The lab's parts on the real programs: PostgreSQL, Redis, the built broker, and mail clients.
//!
//! They need what `faultline setup` installs and builds.

mod broker;
mod mail;
mod postgres;
mod redis;
mod secrets;
mod support;
mod test_parts;
