//! The command as people use it: the real program, real parts, stand-ins for the services.
//!
//! The parts (PostgreSQL, Redis, broker, Prometheus, Alertmanager) must be installed, which `faultline setup --for test` does.

mod alerts;
mod labs;
mod objectives;
mod publish;
mod support;
mod trace;
mod usage;
