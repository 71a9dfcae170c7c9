//! `faultline dashboards generate`: Grafana's files from short descriptions.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use dashboards::Dashboard;

use super::generated::Generated;
use crate::Verdict;
use crate::cli::Global;
use crate::home::Home;

/// What `--help` says.
pub const HELP: &str = "The dashboards in dashboards/grafana are made from dashboards/sources: what each panel asks, \
    and what a reader should look for. `generate` writes them. The one of the objectives comes from alerts/slo.yaml, \
    see `faultline slo generate`.";

const SOURCES: &str = "dashboards/sources";

/// Options of `dashboards`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write dashboards/grafana from dashboards/sources
    Generate {
        /// Only say whether the files are up to date; exit code 1 when not
        #[arg(long)]
        check: bool,
    },
}

/// Writes or compares.
///
/// # Errors
/// When there is no repository around us, or a description makes no sense.
pub fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let Action::Generate { check } = args.action;
    let home = Home::find(global)?;
    let repo = home.repo()?;
    let mut all_same = true;
    for source in sources(repo)? {
        let text =
            fs::read_to_string(repo.join(&source)).with_context(|| format!("read {source}"))?;
        let dashboard = Dashboard::parse(&text).with_context(|| format!("{source} is not good"))?;
        let file = Generated {
            name: format!("dashboards/grafana/{}", dashboard.file()),
            source: &source,
            command: "faultline dashboards generate",
            text: dashboard.to_json(),
        };
        all_same &= file.settle(repo, check)?;
    }
    Ok(Verdict::from_bool(all_same || !check))
}

/// Paths in the repository, sorted.
fn sources(repo: &Path) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(repo.join(SOURCES)).with_context(|| format!("read {SOURCES}"))?;
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            paths.push(format!("{SOURCES}/{name}"));
        }
    }
    paths.sort();
    Ok(paths)
}
