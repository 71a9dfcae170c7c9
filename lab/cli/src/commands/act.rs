//! `faultline kill|pause|resume|restart SERVICE`: one action on one process.

use supervisor::Action;

use crate::cli::Global;
use crate::home::Home;
use crate::{Verdict, lab, term};

/// Options of the four.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A name that `faultline status` shows, such as order, payment or postgres
    pub service: String,
}

/// Does it.
///
/// # Errors
/// When no lab runs, there is no such process, or it is in no state for that.
pub async fn run(global: &Global, args: Args, action: Action) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    lab::client(&home)?.act(&args.service, action).await?;
    let service = args.service;
    term::note(match action {
        Action::Kill => format!("{service} was killed; the lab starts it again."),
        Action::Pause => format!("{service} is paused; `faultline resume {service}` ends that."),
        Action::Resume => format!("{service} goes on."),
        Action::Restart => format!("{service} was stopped and starts again."),
    });
    Ok(Verdict::Yes)
}
