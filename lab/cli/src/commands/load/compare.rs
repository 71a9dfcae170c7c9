//! `load compare A B`.

use std::path::PathBuf;

use loadtest::{
    compare::{Change, compare},
    document::Document,
};

use super::BAD_CONFIGURATION;
use crate::{
    Verdict,
    term::{self, Column, Paint, note, table},
};

/// Options of `load compare`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder that `faultline load` wrote, or its report.json
    before: PathBuf,
    /// Another
    after: PathBuf,
    /// As JSON: {"changes": [{"endpoint", "figure", "before", "after", "percent", "beyond_noise"}], …}
    #[arg(long)]
    json: bool,
}

/// Compares. The exit code says nothing about what changed: whether a change is good depends on what was intended.
///
/// # Errors
/// The comparison cannot be printed.
pub(super) fn run(args: &Args) -> anyhow::Result<Verdict> {
    let read = |path: &PathBuf| {
        Document::read(path)
            .map_err(|error| term::error(&error))
            .ok()
    };
    let (Some(before), Some(after)) = (read(&args.before), read(&args.after)) else {
        return Ok(Verdict::Of(BAD_CONFIGURATION));
    };
    let comparison = compare(&before, &after);
    if args.json {
        term::json(&comparison)?;
        return Ok(Verdict::Yes);
    }
    let paint = Paint::stdout();
    for difference in &comparison.differences {
        note(format!("{} {difference}", paint.yellow("careful:")));
    }
    let heading = [
        ("ENDPOINT", Column::Left),
        ("", Column::Left),
        ("BEFORE", Column::Right),
        ("±", Column::Right),
        ("AFTER", Column::Right),
        ("±", Column::Right),
        ("CHANGE", Column::Right),
        ("", Column::Left),
    ];
    let rows: Vec<Vec<String>> = comparison.changes.iter().map(row).collect();
    let lines = table(&heading, &rows, |row, column, text| {
        match comparison.changes[row].beyond_noise {
            Some(true) if column >= 6 => paint.bold(text),
            _ => text,
        }
    });
    lines.into_iter().for_each(term::out);
    for (names, whose) in [
        (&comparison.only_before, "before"),
        (&comparison.only_after, "after"),
    ] {
        if !names.is_empty() {
            term::out(format!("only {whose}: {}", names.join(", ")));
        }
    }
    if comparison
        .changes
        .iter()
        .any(|change| change.beyond_noise.is_none())
    {
        note("Fewer than three runs on a side tell nothing of the noise; --repeat 3 would.");
    }
    Ok(Verdict::Yes)
}

fn row(change: &Change) -> Vec<String> {
    let percent = change.percent.map(|percent| format!("{percent:+.1} %"));
    let meaning = match change.beyond_noise {
        Some(true) => "beyond the noise",
        Some(false) => "within the noise",
        None => "",
    };
    let mut row = vec![change.endpoint.clone(), change.figure.to_owned()];
    for spread in [change.before, change.after] {
        row.extend([
            format!("{:.1}", spread.median),
            format!("{:.0} %", spread.percent()),
        ]);
    }
    row.extend([percent.unwrap_or_default(), meaning.to_owned()]);
    row
}
