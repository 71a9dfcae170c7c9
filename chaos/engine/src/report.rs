//! A run as people and programs read it: `journal.json`, `report.html`, `report.md`.

mod html;
mod markdown;

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::customers::{Parts, Second, Struck};
use crate::verdict::Verdict;

/// Everything that a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The experiment's title.
    pub title: String,
    /// Why it is made.
    pub description: String,
    /// The name it is run by.
    pub name: String,
    /// What it came to.
    pub verdict: Verdict,
    /// Of the process.
    pub exit_code: u8,
    /// Why, the verdict's own reasons first.
    pub reasons: Vec<String>,
    /// Decides whom faults hit that hit only some.
    pub seed: u64,
    /// RFC 3339.
    pub began: String,
    /// From the first customer to the last.
    pub seconds: f64,
    /// What each fault has hit.
    pub hits: Vec<Hit>,
    /// What was broken, and when.
    pub windows: Vec<Window>,
    /// What customers met; none without load.
    pub customers: Option<Parts>,
    /// Second by second.
    pub series: Vec<Second>,
    /// Requests that went wrong or took long while something was broken.
    pub struck: Vec<Struck>,
    /// Breakers over time: 0 closed, 1 half open, 2 open.
    pub breakers: Vec<Curve>,
    /// Sagas that ended, a second.
    pub sagas: Vec<Curve>,
    /// What the auditor says; none when nobody asked.
    pub books: Option<Books>,
    /// What stands in the file and was not done.
    pub ignored: Vec<String>,
}

/// What a fault has hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The fault.
    pub fault: String,
    /// How often it acted: on chunks or requests, on connections, on a process.
    pub hits: u64,
}

/// Something was broken from then to then, in seconds since the load began.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Window {
    /// What.
    pub what: String,
    /// From.
    pub from_s: f64,
    /// To.
    pub until_s: f64,
}

/// A line over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// Of what.
    pub name: String,
    /// Seconds since the load began, and the value.
    pub points: Vec<(f64, f64)>,
}

/// What the auditor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Books {
    /// Whether every check holds.
    pub balanced: bool,
    /// Each check: its name, whether it holds, what was compared.
    pub checks: Vec<(String, bool, String)>,
}

/// Writes `journal.json` with the report in it, `report.html` and `report.md` into a folder that is there.
///
/// # Errors
/// A file cannot be written.
pub fn write(report: &Report, journal: &Value, folder: &Path) -> io::Result<()> {
    fs::write(
        folder.join("journal.json"),
        serde_json::to_string_pretty(journal)?,
    )?;
    fs::write(folder.join("report.html"), html::page(report))?;
    fs::write(folder.join("report.md"), markdown::text(report))
}
