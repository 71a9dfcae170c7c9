//! `faultline down`: stops the lab, and whatever a dead one left.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use parts::postgres;
use supervisor::{Dirs, control, proc_table, registry};

use crate::cli::Global;
use crate::home::Home;
use crate::progress::spinner;
use crate::{Verdict, lab, term};

/// Longer than all deadlines of a stop together; past it the supervisor itself hangs.
const STOP_LIMIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What `--help` says.
pub const HELP: &str = "Stop the lab: services first, then the parts, each with its deadline.\n\n\
    Data stays for the next `up`, unless --wipe removes it. What a crashed lab left running is killed as well, so afterwards \
    nothing of this state folder runs. Stopping what does not run is no error.";

/// Options of `down`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Remove the lab's data, logs and secrets as well
    #[arg(long)]
    pub wipe: bool,
}

/// Stops it.
///
/// # Errors
/// When a process cannot be killed or the state cannot be read.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let since = Instant::now();
    let Some(dirs) = lab::dirs(&home) else {
        term::note(format!(
            "No lab was ever started in {}.",
            home.state.display()
        ));
        return Ok(Verdict::Yes);
    };
    let was_running = stop(&dirs).await?;
    let state = home.state.clone();
    let swept = tokio::task::spawn_blocking(move || registry::sweep(&state)).await??;
    for leftover in &swept {
        term::note(format!(
            "killed a leftover: {} (process {})",
            leftover.name, leftover.pid
        ));
    }
    let took = since.elapsed().as_secs_f64();
    if args.wipe {
        wipe(&home.state)?;
    }
    match (was_running, swept.is_empty()) {
        (true, _) => term::note(format!("The lab is down after {took:.1} s.")),
        (false, false) => term::note("The lab had died; nothing of it runs any more."),
        (false, true) => term::note(format!("No lab is running in {}.", home.state.display())),
    }
    term::note(if args.wipe {
        "Its data is gone."
    } else {
        "Its data is kept."
    });
    Ok(Verdict::Yes)
}

/// PostgreSQL's data may be elsewhere when the lab was started as root.
fn wipe(state: &Path) -> anyhow::Result<()> {
    postgres::remove(&postgres::place(state)?)?;
    fs::remove_dir_all(state).with_context(|| format!("remove {}", state.display()))
}

/// Asks the supervisor of a state folder to stop and waits until it has; kills it if it hangs.
/// Answers whether there was one.
///
/// # Errors
/// When the process table cannot be read.
pub async fn stop(dirs: &Dirs) -> anyhow::Result<bool> {
    let Some(owner) = registry::owner(dirs) else {
        return Ok(false);
    };
    let bar = spinner();
    bar.set_message("stopping");
    let since = Instant::now();
    let mut asked = false;
    while registry::owner(dirs).is_some_and(|now| now.pid == owner.pid) {
        // It may be so young that it has no socket yet.
        if !asked && let Ok(client) = control::Client::of(dirs) {
            asked = client.stop().await.is_ok();
        }
        if since.elapsed() > STOP_LIMIT {
            kill(&owner)?;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bar.finish_and_clear();
    Ok(true)
}

fn kill(owner: &registry::Record) -> anyhow::Result<()> {
    let table = proc_table::ProcTable::read()?;
    if table.is_alive(owner.pid, &owner.birth) {
        let pid = nix::unistd::Pid::from_raw(owner.pid);
        nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL)?;
    }
    Ok(())
}
