//! The lab's own PostgreSQL, Redis, Kafka-API broker, Prometheus, Alertmanager, Grafana, mail sink and alert sink, as
//! ordinary processes.
//!
//! This crate knows what each program needs, how to write its configuration, how it is started
//! ([`Launch`]) and when it is really ready (an answered request, not an open port). It does not
//! supervise: it neither restarts nor watches what it describes. The one exception is
//! [`for_tests`], which runs those that services need for the length of one command or one test.
//!
//! Everything binds 127.0.0.1 and keeps its data under one state folder.

pub mod alertmanager;
pub mod alerts;
pub mod broker;
mod environment;
mod error;
pub mod for_tests;
pub mod grafana;
mod launch;
pub mod mail;
mod pidfile;
pub mod postgres;
mod process;
mod progress;
pub mod prometheus;
pub mod python;
pub mod redis;
pub mod requirements;
pub mod secrets;

pub use error::{Error, Result};
pub use launch::{Launch, RunAs, StopSignal};
pub use process::free_port;
pub use progress::{Progress, Report};
pub use secrets::Secrets;
