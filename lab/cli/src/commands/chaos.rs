//! `faultline chaos`: experiments with a verdict; faults set and lifted by hand.

mod arm;
mod conduct;
mod crowd;
mod experiments;
mod faults;
mod hands;
mod list;
mod oracle;
mod protection;
mod run;
mod scrape;
mod set;
mod shown;
mod stop;
mod suite;
mod window;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use clap::Subcommand;
use proxy::limits::LEASE_MAX;

use crate::cli::Global;
use crate::home::Home;
use crate::{Lab, Verdict, lab};

/// What `--help` says.
pub const HELP: &str = "Break the shop on purpose. `run` makes an experiment: what holds, what is broken, what customers may meet, \
    and a verdict with an exit code; `list` shows those that are shipped, `suite` makes all of them, `oracle` shows that they would \
    notice.\n\n\
    `set`, `arm` and `stop` do it by hand, `faultline kill` and `pause` for processes. Every edge of the lab goes through \
    the chaos proxy, whose control API is Toxiproxy's (its address: CHAOS_PROXY_URL of `faultline env`), so any Toxiproxy client \
    can do the same and more.\n\n\
    Every fault has a lease. When it runs out the proxy lifts the fault by itself, whatever has become of whoever set it.";

/// Options of `chaos`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the experiments that are shipped
    List(list::Args),
    /// Make an experiment, and say what it came to
    #[command(long_about = run::HELP)]
    Run(run::Args),
    /// Make all of them, one after the other
    #[command(long_about = suite::HELP)]
    Suite(suite::Args),
    /// Test the experiments themselves: without a protection they must turn red
    #[command(long_about = oracle::HELP)]
    Oracle(oracle::Args),
    /// Show what is set now, what it has hit, and when it heals
    Faults(faults::Args),
    /// Set a fault on an edge
    #[command(long_about = set::HELP)]
    Set(set::Args),
    /// Tell a service to die, as by kill -9, when it next comes by a crash point
    Arm(arm::Args),
    /// Lift all faults: on edges, of processes, and crash points that are armed
    Stop,
}

/// Does it.
///
/// # Errors
/// When no lab runs, its proxy does not answer, or what was asked for does not exist; then nothing was set.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let running = || -> anyhow::Result<Lab> {
        lab::client(&Home::find(global)?)?;
        Lab::of(global)
    };
    match args.command {
        Command::List(args) => list::run(global, args),
        Command::Oracle(args) => oracle::run(global, args).await,
        Command::Run(args) => run::run(running()?, args).await,
        Command::Suite(args) => suite::run(running()?, args).await,
        Command::Arm(args) => arm::run(&running()?, args).await,
        Command::Faults(args) => faults::run(&running()?, args).await,
        Command::Set(args) => set::run(&running()?, args).await,
        Command::Stop => stop::run(&running()?).await,
    }
}

/// How long a fault may last: `500ms`, `30s`, `5m`, `1h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(Duration);

impl From<Lease> for Duration {
    fn from(lease: Lease) -> Self {
        lease.0
    }
}

impl FromStr for Lease {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let units = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
        let of = |(unit, millis): (&str, u64)| {
            Some(
                text.strip_suffix(unit)?
                    .parse::<u64>()
                    .ok()?
                    .saturating_mul(millis),
            )
        };
        let millis = units.into_iter().find_map(of);
        let lease = millis
            .map(Duration::from_millis)
            .filter(|lease| !lease.is_zero() && *lease <= LEASE_MAX);
        lease
            .map(Self)
            .ok_or_else(|| "give a time such as 500ms, 30s or 5m, at most 1h".to_owned())
    }
}

impl Display for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_a_time_with_a_unit_and_at_most_an_hour() {
        assert_eq!("30s".parse(), Ok(Lease(Duration::from_secs(30))));
        assert_eq!("250ms".parse(), Ok(Lease(Duration::from_millis(250))));
        assert_eq!("1h".parse(), Ok(Lease(LEASE_MAX)));
        for wrong in ["", "30", "0s", "61m", "-1s", "s", "1d"] {
            assert!(wrong.parse::<Lease>().is_err(), "{wrong}");
        }
    }
}
