//! Watches the strategies file.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::{LiveSampler, strategies::Strategies};
use crate::service::Tasks;

/// How late a change may be noticed.
const POLL: Duration = Duration::from_secs(1);

/// Applies the file now and whenever it changes. One that is missing or makes no sense changes nothing, and says so.
pub(in crate::telemetry) fn watch(
    sampler: &LiveSampler,
    service: &'static str,
    file: PathBuf,
    tasks: &Tasks,
) {
    let (sampler, stopping) = (sampler.clone(), tasks.stopping());
    tasks.spawn("sampling strategies", async move {
        let mut ticks = interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = None;
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            let state = state(&file).await;
            if seen.as_ref() != Some(&state) {
                apply(&sampler, service, &file).await;
                seen = Some(state);
            }
        }
        Ok(())
    });
}

/// Changes when the file does. The length is for file systems that count time in whole seconds.
async fn state(file: &Path) -> Option<(SystemTime, u64)> {
    let about = tokio::fs::metadata(file).await.ok()?;
    Some((about.modified().ok()?, about.len()))
}

async fn apply(sampler: &LiveSampler, service: &str, file: &Path) {
    let read = tokio::fs::read_to_string(file).await;
    let text = read.map_err(|error| error.to_string());
    match text.and_then(|text| Strategies::parse(&text)) {
        Ok(strategies) => {
            sampler.replace(strategies.of(service));
            info!(file = %file.display(), "sampling strategies applied");
        }
        Err(error) => {
            warn!(file = %file.display(), error, "sampling strategies not usable; those before stay");
        }
    }
}
