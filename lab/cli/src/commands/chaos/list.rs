//! `faultline chaos list`: the experiments that there are.

use engine::Experiment;
use serde_json::json;

use super::experiments;
use crate::Verdict;
use crate::cli::Global;
use crate::home::Home;
use crate::term::{self, Column, table};

/// Options of `chaos list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON: [{"name", "title", "description", "tags"}]
    #[arg(long)]
    json: bool,
}

/// # Errors
/// One of the repository's is not valid.
pub(super) fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let repo = Home::find(global).ok().and_then(|home| home.repo);
    let mut all = Vec::new();
    for name in experiments::names(repo.as_deref()) {
        let source = experiments::find(&name, repo.as_deref())?;
        all.push((name, Experiment::parse(&source.file, &source.text)?));
    }
    if args.json {
        let one = |(name, one): &(String, Experiment)| json!({ "name": name, "title": one.title, "description": one.description, "tags": one.tags });
        term::json(&all.iter().map(one).collect::<Vec<_>>())?;
        return Ok(Verdict::Yes);
    }
    let heading = [("EXPERIMENT", Column::Left), ("", Column::Left)];
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|(name, one)| vec![name, one.title])
        .collect();
    table(&heading, &rows, |_, _, text| text)
        .into_iter()
        .for_each(term::out);
    Ok(Verdict::Yes)
}
