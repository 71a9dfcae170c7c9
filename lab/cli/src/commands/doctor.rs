//! `faultline doctor`: what is missing or in the way, each with its mend. Looks, changes nothing.

use std::fs;
use std::path::Path;

use parts::grafana::{HOW_TO_GET_IT, Installation};
use parts::requirements::{self, Kind};
use serde::Serialize;

use crate::cli::Global;
use crate::home::Home;
use crate::ports::Named;
use crate::term::{self, Paint};
use crate::{Verdict, lab};

/// A lab's data, logs and a release build; less fills up in a day of demos.
const DISK_BYTES_MIN: u64 = 5_000_000_000;
/// The lab's 500 MB, and room for the compiler beside it.
const MEMORY_BYTES_MIN: u64 = 1_500_000_000;

/// What `--help` says.
pub const HELP: &str = "Look at this machine as the lab sees it: programs, built services, ports \
    and who holds them, disk, memory. Each finding comes with its mend. Changes nothing.\n\n\
    Exit code 0 when a lab could start (or runs), 1 when something is in its way.";

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON: {"ok": bool, "checks": [{"name", "ok", "detail", "mend"}]}
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
    /// What to do about it; none when it is well.
    mend: Option<String>,
}

impl Check {
    fn new(name: impl Into<String>, ok: bool, detail: impl Into<String>, mend: &str) -> Self {
        let mend = (!ok).then(|| mend.to_owned());
        Self {
            name: name.into(),
            ok,
            detail: detail.into(),
            mend,
        }
    }
}

/// Looks.
///
/// # Errors
/// When there is no lab to look for.
pub fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let mut checks = programs();
    checks.push(grafana(Installation::find()));
    checks.push(services(&home.bin_dir(global)?));
    checks.push(ports(&home, global));
    checks.push(disk(&home.state));
    checks.extend(memory());
    let report = Report {
        ok: checks.iter().all(|check| check.ok),
        checks,
    };
    if args.json {
        term::json(&report)?;
    } else {
        show(&report, Paint::stdout());
    }
    Ok(Verdict::from_bool(report.ok))
}

fn programs() -> Vec<Check> {
    let check = |one: requirements::Requirement| {
        let detail = match &one.found {
            Some(found) => format!("{} {}", found.version, found.path.display()),
            None => format!("missing; {}", one.why),
        };
        let mend = format!("faultline setup, or by hand: {}", one.mend);
        Check::new(one.name, one.found.is_some(), detail.trim(), &mend)
    };
    requirements::check(&Kind::OF_LAB)
        .into_iter()
        .map(check)
        .collect()
}

/// Nothing is wrong without it.
fn grafana(found: Option<Installation>) -> Check {
    let detail = match found {
        Some(found) => found.program.display().to_string(),
        None => format!("not here; only dashboards need it: {HOW_TO_GET_IT}"),
    };
    Check::new("Grafana", true, detail, "")
}

fn services(bin_dir: &Path) -> Check {
    let missing = lab::missing_programs(bin_dir);
    let place = bin_dir.display();
    let detail = match missing.as_slice() {
        [] => format!("all built in {place}"),
        some => format!("not built in {place}: {}", some.join(", ")),
    };
    let mend = "faultline setup, or name another folder with --bin-dir DIR";
    Check::new("services", missing.is_empty(), detail, mend)
}

fn ports(home: &Home, global: &Global) -> Check {
    let ports = lab::ports_of(home, global);
    let base = ports.base();
    if let Some(owner) = lab::running(home) {
        let detail = format!("held by this lab, base {base} (process {})", owner.pid);
        return Check::new("ports", true, detail, "");
    }
    let taken = ports.taken();
    let detail = if taken.is_empty() {
        format!("{} free, from base {base}", ports.needed().len())
    } else {
        let held = |(port, holder): &(Named, String)| {
            format!("{} ({}) is held by {holder}", port.port, port.name)
        };
        taken.iter().map(held).collect::<Vec<_>>().join("; ")
    };
    let mend = "stop the holder, or move the lab with --base-port N (or auto)";
    Check::new("ports", taken.is_empty(), detail, mend)
}

fn disk(state: &Path) -> Check {
    // The folder may not have been made yet; its disk is that of the folder it will be in.
    let existing = state.ancestors().find(|dir| dir.exists()).unwrap_or(state);
    let Ok(stats) = nix::sys::statvfs::statvfs(existing) else {
        let mend = "make the folder, or name another one with --home DIR";
        return Check::new(
            "disk",
            false,
            format!("{} cannot be read", state.display()),
            mend,
        );
    };
    #[expect(
        clippy::useless_conversion,
        reason = "the counts are narrower on some systems"
    )]
    let free = u64::from(stats.blocks_available()) * u64::from(stats.fragment_size());
    let detail = format!("{:.1} GB free for {}", free as f64 / 1e9, state.display());
    let mend = "free some space (5 GB is enough), or name a folder elsewhere with --home DIR";
    Check::new("disk", free >= DISK_BYTES_MIN, detail, mend)
}

/// Only where the system says what is available, not merely free.
fn memory() -> Option<Check> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let available = kilobytes * 1024;
    let detail = format!("{:.1} GB available", available as f64 / 1e9);
    let mend = "close something: the lab takes about 0.5 GB, building it another 1 GB";
    Some(Check::new(
        "memory",
        available >= MEMORY_BYTES_MIN,
        detail,
        mend,
    ))
}

fn show(report: &Report, paint: Paint) {
    let width = report
        .checks
        .iter()
        .map(|check| check.name.chars().count())
        .max()
        .unwrap_or(0);
    for check in &report.checks {
        let mark = if check.ok {
            paint.green("✓")
        } else {
            paint.red("✗")
        };
        term::out(format!("{mark} {:<width$}  {}", check.name, check.detail));
        if let Some(mend) = &check.mend {
            term::out(format!("  {:<width$}  → {mend}", ""));
        }
    }
    let verdict = if report.ok {
        paint.green("A lab can run here.")
    } else {
        paint.red("Something is in the way.")
    };
    term::out(format!("\n{verdict}"));
}
