//! The command line: global options and the list of commands. What a command does, and its own
//! options, are in its file under `commands/`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    act, alerts, audit, chaos, completions, contracts, dashboards, demo, dlq, doctor, down, env,
    load, logs, mails, setup, slo, smoke, status, trace, up, with_parts,
};
use crate::ports::BaseWish;

const EXAMPLES: &str = "\
Examples:
  faultline up --detach           start everything, return when a customer could buy
  faultline status                what runs, how much memory it takes
  faultline kill payment          SIGKILL; watch it come back
  faultline logs order -f         follow one service
  faultline down                  stop everything, leave nothing behind
  FAULTLINE_HOME=/tmp/b faultline --base-port auto up --detach     a second lab beside it

Exit codes: 0 yes or done, 1 the answer is no, 2 could not look (usage, no lab).";

/// An online shop of eight services on your machine, made to be observed and broken.
#[derive(Debug, Parser)]
#[command(name = "faultline", version, after_help = EXAMPLES, disable_help_subcommand = true)]
#[command(arg_required_else_help = true)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where the lab is and what it runs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The lab's state folder [default: .faultline in the repository around you]
    #[arg(long, global = true, env = "FAULTLINE_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Moves every port by N − 8000; `auto` finds a free block. Remembered by the state folder
    #[arg(
        long,
        global = true,
        env = "FAULTLINE_BASE_PORT",
        value_name = "N|auto"
    )]
    pub base_port: Option<BaseWish>,
    /// Where the services' programs are [default: target/release in the repository]
    #[arg(long, global = true, env = "FAULTLINE_BIN_DIR", value_name = "DIR")]
    pub bin_dir: Option<PathBuf>,
    /// Services send traces and logs there (OTLP over HTTP: a Jaeger, a collector), not to the
    /// observatory. Counts when the lab starts
    #[arg(
        long,
        global = true,
        env = "FAULTLINE_OTLP_ENDPOINT",
        value_name = "URL"
    )]
    pub otlp_endpoint: Option<String>,
    /// Services reach PostgreSQL through the chaos proxy as well, so that it can be made slow or cut off for one of
    /// them. Costs processor time with every statement. Counts when the lab starts
    #[arg(long, global = true, env = "FAULTLINE_POSTGRES_EDGES")]
    pub postgres_edges: bool,
}

/// Every command; one file each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the lab: PostgreSQL, Redis, broker, mail sink, observatory, chaos proxy, eight services, Prometheus,
    /// Alertmanager
    #[command(long_about = up::HELP)]
    Up(up::Args),
    /// Stop the lab and everything it ever started
    #[command(long_about = down::HELP)]
    Down(down::Args),
    /// Show every process: state, ports, memory, restarts
    #[command(long_about = status::HELP)]
    Status(status::Args),
    /// A minute of customers, then figures and a verdict
    #[command(long_about = demo::HELP)]
    Demo(demo::Args),
    /// Customers at a rate or in a crowd, what it was like for them, and a verdict
    #[command(long_about = load::HELP)]
    Load(load::Args),
    /// A trace as a waterfall: what called what, when, and for how long
    #[command(long_about = trace::HELP)]
    Trace(trace::Args),
    /// One real order, followed through every service
    #[command(long_about = smoke::HELP)]
    Smoke(smoke::Args),
    /// Say whether the books balance
    #[command(long_about = audit::HELP)]
    Audit(audit::Args),
    /// Messages that no consumer could apply, and their way back
    #[command(long_about = dlq::HELP)]
    Dlq(dlq::Args),
    /// What the shop promises, and whether it keeps it
    #[command(long_about = slo::HELP)]
    Slo(slo::Args),
    /// The dashboards in dashboards/grafana, and what they are made from
    #[command(long_about = dashboards::HELP)]
    Dashboards(dashboards::Args),
    /// Experiments with a verdict; faults that heal by themselves
    #[command(long_about = chaos::HELP)]
    Chaos(chaos::Args),
    /// What the services promise, what breaks it, and whether they keep it
    #[command(long_about = contracts::HELP)]
    Contracts(contracts::Args),
    /// Show alerts that fire and alerts that are over
    #[command(long_about = alerts::HELP)]
    Alerts(alerts::Args),
    /// Print a process's log
    #[command(long_about = logs::HELP)]
    Logs(logs::Args),
    /// SIGKILL a process; the lab starts it again and counts that
    Kill(act::Lasting),
    /// Freeze a process: it keeps its connections and answers nothing
    Pause(act::Lasting),
    /// Let a paused process go on
    Resume(act::Args),
    /// Stop a process gracefully and start it again
    Restart(act::Args),
    /// Say what is missing or in the way on this machine, each with its mend
    #[command(long_about = doctor::HELP)]
    Doctor(doctor::Args),
    /// Install what is missing and build what the lab runs
    #[command(long_about = setup::HELP)]
    Setup(setup::Args),
    /// Show the mails that the shop has sent
    #[command(long_about = mails::HELP)]
    Mails(mails::Args),
    /// Print the lab's addresses and passwords as shell exports
    #[command(long_about = env::HELP)]
    Env(env::Args),
    /// Run a command, such as cargo test, with parts of its own to test on
    #[command(long_about = with_parts::HELP)]
    WithParts(with_parts::Args),
    /// Print a completion script for your shell
    #[command(long_about = completions::HELP)]
    Completions(completions::Args),
}
