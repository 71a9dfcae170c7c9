//! What can be broken here: the words of our own commands, read by the command line's own parser and held against what there
//! is in this lab.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use supervisor::Action;

use super::LabHands;
use crate::cli::{Cli, Command};
use crate::commands::act::Lasting;
use crate::commands::chaos::{self, Command as Chaos, arm, set};
use crate::nearest::hint;

/// A fault that this lab can be given.
#[derive(Debug, Clone)]
pub(in crate::commands::chaos) enum Fault {
    Edge(Box<set::Args>),
    Process(String, Action, Option<Duration>),
    Crash(arm::Args),
    /// All that is set is lifted.
    Stop,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edge(args) => {
                write!(f, "{}: {}", args.edge, args.toxic)?;
                args.attributes
                    .iter()
                    .try_for_each(|one| write!(f, " {one}"))
            }
            Self::Process(name, action, Some(lease)) => {
                write!(f, "{action} {name} for {} s", lease.as_secs_f64())
            }
            Self::Process(name, action, None) => write!(f, "{action} {name}"),
            Self::Crash(args) => write!(f, "{} dies at {}", args.service, args.point),
            Self::Stop => f.write_str("lift all faults"),
        }
    }
}

impl LabHands {
    pub(super) async fn understood(&self, words: &[String]) -> anyhow::Result<Option<Fault>> {
        let all = std::iter::once("faultline".to_owned()).chain(words.iter().cloned());
        let cli = Cli::try_parse_from(all).map_err(|error| anyhow::anyhow!(first_words(&error)))?;
        let lasting = |args: Lasting| (args.service, args.lease.map(Duration::from));
        let fault = match cli.command {
            Command::Chaos(chaos::Args {
                command: Chaos::Set(args),
            }) => {
                set::check(&args)?;
                set::known_edge(&self.lab, &self.control, &args.edge).await?;
                return Ok(Some(Fault::Edge(Box::new(args))));
            }
            Command::Chaos(chaos::Args {
                command: Chaos::Arm(args),
            }) => {
                arm::check(&self.lab, &args).await?;
                return Ok(Some(Fault::Crash(args)));
            }
            Command::Chaos(chaos::Args {
                command: Chaos::Stop,
            }) => return Ok(Some(Fault::Stop)),
            Command::Kill(args) => {
                let (name, lease) = lasting(args);
                Fault::Process(name, Action::Kill, lease)
            }
            Command::Pause(args) => {
                let (name, lease) = lasting(args);
                let lease =
                    lease.context("a pause in an experiment needs --lease, such as --lease 10s")?;
                Fault::Process(name, Action::Pause, Some(lease))
            }
            Command::Resume(args) => Fault::Process(args.service, Action::Resume, None),
            Command::Restart(args) => Fault::Process(args.service, Action::Restart, None),
            _ => return Ok(None),
        };
        if let Fault::Process(name, ..) = &fault {
            self.known_process(name).await?;
        }
        Ok(Some(fault))
    }

    async fn known_process(&self, name: &str) -> anyhow::Result<()> {
        let status = self.supervisor.status().await?;
        // The first is the supervisor itself, which heals everybody else.
        let names = || status.processes.iter().skip(1).map(|one| one.name.as_str());
        if names().any(|one| one == name) {
            return Ok(());
        }
        anyhow::bail!(
            "there is no process {name:?}{} (there are: {})",
            hint(name, names()),
            names().collect::<Vec<_>>().join(", ")
        )
    }
}

/// What clap says, without usage and colours.
fn first_words(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage"));
    let said: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    said.join("; ").trim_start_matches("error: ").to_owned()
}
