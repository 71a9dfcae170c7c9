//! `faultline slo generate`: rules and a dashboard from objectives.

use std::fs;

use anyhow::Context;
use slo::{Profile, Spec};

use crate::Verdict;
use crate::cli::Global;
use crate::commands::generated::Generated;
use crate::home::Home;

/// What `--help` says.
pub(super) const HELP: &str = "Write alerts/rules/slo.yml, alerts/rules/slo-lab.yml and dashboards/grafana/slo.json from alerts/slo.yaml.\n\n\
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
    for (name, text) in files(&spec) {
        let file = Generated {
            name,
            source: SOURCE,
            command: "faultline slo generate",
            text,
        };
        all_same &= file.settle(repo, args.check)?;
    }
    Ok(Verdict::from_bool(all_same || !args.check))
}

/// Names and texts of all that follows from the objectives.
fn files(spec: &Spec) -> Vec<(String, String)> {
    let rules = |name: &str, profile| {
        (
            format!("alerts/rules/{name}"),
            slo::generate(spec, &profile, SOURCE),
        )
    };
    let dashboard = slo::dashboard(spec);
    vec![
        rules("slo.yml", Profile::standard()),
        rules("slo-lab.yml", Profile::lab()),
        (
            format!("dashboards/grafana/{}", dashboard.file()),
            dashboard.to_json(),
        ),
    ]
}
