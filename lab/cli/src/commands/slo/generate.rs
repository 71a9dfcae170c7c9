//! `faultline slo generate`: rules from objectives.

use std::fs;
use std::path::Path;

use anyhow::Context;
use slo::{Profile, Spec};

use crate::cli::Global;
use crate::home::Home;
use crate::{Verdict, term};

/// What `--help` says.
pub(super) const HELP: &str = "Write alerts/rules/slo.yml and alerts/rules/slo-lab.yml from alerts/slo.yaml.\n\n\
    With --check nothing is written; exit code 1 when a file is not what it would be.";

const SOURCE: &str = "alerts/slo.yaml";

/// Options of `slo generate`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only say whether the files are up to date
    #[arg(long)]
    check: bool,
}

/// Writes or compares.
///
/// # Errors
/// When there is no repository around us, or the objectives make no sense.
pub(super) fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let repo = home.repo()?;
    let source = repo.join(SOURCE);
    let text = fs::read_to_string(&source).with_context(|| format!("read {}", source.display()))?;
    let spec = Spec::parse(&text).with_context(|| format!("{SOURCE} is not good"))?;
    let mut all_same = true;
    for (name, profile) in [
        ("alerts/rules/slo.yml", Profile::standard()),
        ("alerts/rules/slo-lab.yml", Profile::lab()),
    ] {
        let rules = slo::generate(&spec, &profile, SOURCE);
        all_same &= settle(&repo.join(name), name, &rules, args.check)?;
    }
    Ok(Verdict::from_bool(all_same || !args.check))
}

/// Writes one file if it has to be and may be. Was it right already?
fn settle(path: &Path, name: &str, rules: &str, check: bool) -> anyhow::Result<bool> {
    let same = fs::read_to_string(path).is_ok_and(|found| found == rules);
    match (same, check) {
        (true, _) => term::out(format!("{name} is up to date")),
        (false, true) => term::out(format!(
            "{name} differs from what {SOURCE} says: run `faultline slo generate`"
        )),
        (false, false) => {
            fs::write(path, rules).with_context(|| format!("write {}", path.display()))?;
            term::out(format!("{name} written"));
        }
    }
    Ok(same)
}
