//! The lab on one machine: which parts and services there are, on which ports, with which
//! environment, in which order they start, and the commands to look at them.
//!
//! | module | what |
//! |---|---|
//! | [`shop`] | the table of services: ports, needs, edges |
//! | [`ports`] | every port from one base |
//! | [`home`] | the state folder, and what is remembered in it |
//! | [`lab`] | one lab: all of the above, resolved |
//! | [`observatory`] | where traces and logs go |
//! | [`edges`] | what goes through the chaos proxy |
//! | [`chaos_proxy`] | the proxy as a process, and its control API |
//! | [`boot`] | the start, stage by stage |
//! | `watch` | Prometheus, Alertmanager and the alert sink |
//! | [`prometheus`] | questions to it |
//! | [`prove`] | what "ready" means beyond open ports |
//! | [`sampling`] | which traces are kept |
//! | [`catalogue`] | the thousand products of every lab |
//! | [`shopkeeper`] | fills the shelves |
//! | [`books`] | the auditor, pointed at a lab |
//! | [`commands`] | one file per command |
//!
//! Supervising processes is the crate `supervisor`; PostgreSQL, Redis, the broker, Prometheus,
//! Alertmanager and the sinks for mails and alerts are the crate `parts`; the rules are the crate `slo`. Nothing here is linked into a service, and services are reached
//! over the network only.

pub mod books;
pub mod boot;
pub mod catalogue;
pub mod chaos_proxy;
pub mod cli;
pub mod commands;
pub mod daemon;
pub mod edges;
pub mod home;
pub mod lab;
mod nearest;
pub mod observatory;
pub mod ports;
pub mod progress;
pub mod prometheus;
pub mod prove;
pub mod sampling;
pub mod shop;
pub mod shopkeeper;
pub mod term;
pub mod verdict;
mod watch;

use std::process::ExitCode;

use clap::Parser;

pub use lab::Lab;
pub use verdict::Verdict;

/// Parses the command line, runs the command, prints its error if there is one.
#[must_use]
pub fn run() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        // Two cores are what the lab is measured on; its own command must not crowd them.
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&anyhow::Error::new(error).context("start the runtime")),
    };
    let answer = runtime.block_on(commands::run(cli));
    // A thread that still waits in a system call must not hold up the answer.
    runtime.shutdown_background();
    answer.map_or_else(|error| failed(&error), ExitCode::from)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    term::error(error);
    ExitCode::from(Verdict::CouldNotLook)
}
