//! Service discovery by file: addresses that change while the gateway runs.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use chassis::service::Tasks;
use tracing::{error, info};

use super::{Address, UPSTREAMS, Upstreams};

/// How often the file's time stamp is looked at.
const POLL: Duration = Duration::from_millis(500);

/// Follows the file as long as the gateway runs. A file that makes no sense changes nothing and is reported.
pub(crate) fn watch(tasks: &Tasks, upstreams: Upstreams, file: PathBuf) {
    let stopping = tasks.stopping();
    tasks.spawn("upstream discovery", async move {
        let mut seen = None;
        loop {
            let modified = std::fs::metadata(&file)
                .and_then(|meta| meta.modified())
                .ok();
            if modified.is_some() && modified != seen {
                seen = modified;
                take_over(&upstreams, &file, modified);
            }
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = tokio::time::sleep(POLL) => {}
            }
        }
    });
}

fn take_over(upstreams: &Upstreams, file: &Path, modified: Option<SystemTime>) {
    match read(file).and_then(|lists| apply(upstreams, lists)) {
        Ok(()) => info!(file = %file.display(), ?modified, "upstreams replaced"),
        Err(error) => {
            error!(file = %file.display(), error = format!("{error:#}"), "upstreams not replaced");
        }
    }
}

fn read(file: &Path) -> anyhow::Result<HashMap<String, Vec<Address>>> {
    let text = std::fs::read(file).context("cannot be read")?;
    serde_json::from_slice(&text).context("is not the JSON it should be")
}

fn apply(upstreams: &Upstreams, mut lists: HashMap<String, Vec<Address>>) -> anyhow::Result<()> {
    let known = UPSTREAMS
        .into_iter()
        .filter_map(|name| Some((name, lists.remove(name)?)))
        .collect();
    anyhow::ensure!(lists.is_empty(), "unknown upstreams: {:?}", lists.keys());
    upstreams.replace(known)
}
