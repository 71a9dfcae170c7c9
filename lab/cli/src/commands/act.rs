//! `faultline kill|pause|resume|restart SERVICE`: one action on one process.

use std::time::Duration;

use supervisor::Action;

use super::chaos::Lease;
use crate::cli::Global;
use crate::home::Home;
use crate::{Verdict, lab, term};

/// Options of resume and restart.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A name that `faultline status` shows, such as order, payment or postgres
    pub service: String,
}

/// Options of kill and pause, which may last.
#[derive(Debug, Clone, clap::Args)]
pub struct Lasting {
    /// A name that `faultline status` shows, such as order, payment or postgres
    pub service: String,
    /// It lasts so long, and the supervisor ends it by itself: what was killed stays down, what was paused goes on
    #[arg(long, value_name = "TIME")]
    pub lease: Option<Lease>,
}

impl From<Args> for Lasting {
    fn from(args: Args) -> Self {
        Self {
            service: args.service,
            lease: None,
        }
    }
}

/// Does it.
///
/// # Errors
/// When no lab runs, there is no such process, or it is in no state for that.
pub async fn run(
    global: &Global,
    args: impl Into<Lasting>,
    action: Action,
) -> anyhow::Result<Verdict> {
    let Lasting { service, lease } = args.into();
    let home = Home::find(global)?;
    let length: Option<Duration> = lease.map(Duration::from);
    lab::client(&home)?.act(&service, action, length).await?;
    term::note(match (action, lease) {
        (Action::Kill, None) => format!("{service} was killed; the lab starts it again."),
        (Action::Kill, Some(lease)) => {
            format!("{service} was killed; the lab starts it again in {lease}.")
        }
        (Action::Pause, None) => {
            format!("{service} is paused; `faultline resume {service}` ends that.")
        }
        (Action::Pause, Some(lease)) => format!("{service} is paused and goes on in {lease}."),
        (Action::Resume, _) => format!("{service} goes on."),
        (Action::Restart, _) => format!("{service} was stopped and starts again."),
    });
    Ok(Verdict::Yes)
}
