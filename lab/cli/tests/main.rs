//! The command as people use it: the real program, real parts, stand-ins for the services.
//!
//! The parts (PostgreSQL, Redis, broker, Prometheus, Alertmanager) must be installed, which `faultline setup --for test` does.

mod labs;
mod support;
mod usage;
