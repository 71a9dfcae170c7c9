//! `faultline status`: every process of the lab, now.

use supervisor::{ProcessStatus, State, Status};

use crate::cli::Global;
use crate::home::Home;
use crate::term::{self, Column, Paint, duration, megabytes, table};
use crate::{Verdict, lab};

/// What `--help` says.
pub const HELP: &str = "Show every process of the lab: state, ports, memory, restarts, uptime.\n\n\
    Memory is the proportional set size of the process and everything below it: a page that n \
    processes share counts 1/n in each, so the figures can be added up and the total is what the \
    lab really takes. It is called rss_bytes in the JSON.\n\n\
    States: starting, ready, degraded (was ready, its check fails now), paused, backoff (crashed, \
    waits to be started again), stopped, failed (given up; `faultline restart` tries anew).\n\n\
    Exit code 0 when everything is ready, 1 when not.";

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The same as JSON: {"ready", "rss_total_bytes", "processes": [{"name", "pid", "port",
    /// "admin_port", "state", "rss_bytes", "restarts", "uptime_s"}]}
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
///
/// # Errors
/// When the lab runs but does not answer.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    if lab::running(&home).is_none() {
        if args.json {
            term::json(&Status {
                ready: false,
                rss_total_bytes: 0,
                processes: Vec::new(),
            })?;
        } else {
            let place = home.state.display();
            term::out(format!(
                "No lab is running in {place}. Start it with `faultline up`."
            ));
        }
        return Ok(Verdict::No);
    }
    let status = lab::client(&home)?.status().await?;
    if args.json {
        term::json(&status)?;
    } else {
        show(&status, Paint::stdout());
    }
    Ok(Verdict::from_bool(status.ready))
}

fn show(status: &Status, paint: Paint) {
    const HEADING: [(&str, Column); 8] = [
        ("PROCESS", Column::Left),
        ("STATE", Column::Left),
        ("PID", Column::Right),
        ("PORT", Column::Right),
        ("ADMIN", Column::Right),
        ("MEMORY", Column::Right),
        ("RESTARTS", Column::Right),
        ("UPTIME", Column::Right),
    ];
    let rows: Vec<Vec<String>> = status.processes.iter().map(row).collect();
    let lines = table(&HEADING, &rows, |row, column, text| match column {
        1 => coloured(paint, status.processes[row].state, &text),
        6 if status.processes[row].restarts > 0 => paint.yellow(text),
        _ => text,
    });
    for line in lines {
        term::out(line);
    }
    let verdict = if status.ready {
        paint.green("ready")
    } else {
        paint.red("not ready")
    };
    let total = megabytes(status.rss_total_bytes);
    term::out(format!(
        "\n{verdict}, {} processes, {total} in all",
        status.processes.len()
    ));
}

fn row(process: &ProcessStatus) -> Vec<String> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
    vec![
        process.name.clone(),
        process.state.to_string(),
        or_dash(process.pid.map(|pid| pid.to_string())),
        process.port.to_string(),
        or_dash(process.admin_port.map(|port| port.to_string())),
        megabytes(process.rss_bytes),
        process.restarts.to_string(),
        duration(process.uptime_s),
    ]
}

fn coloured(paint: Paint, state: State, text: &str) -> String {
    match state {
        State::Ready => paint.green(text),
        State::Starting | State::Paused | State::Degraded | State::Backoff => paint.yellow(text),
        State::Stopped | State::Failed => paint.red(text),
    }
}
