//! Announces in Redis what could not be announced while Redis was away: sessions that ended, and their access tokens.

use std::time::Duration;

use chassis::service::Tasks;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, info};

use crate::commands::Commands;

/// Looks at every interval until the service stops. Several instances may announce the same session: it is over once.
pub(crate) fn spawn(tasks: &Tasks, commands: Commands, every: Duration) {
    let stopping = tasks.stopping();
    tasks.spawn("revocations", async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            match commands.announce_pending().await {
                Ok(0) => {}
                Ok(sessions) => info!(sessions, "revocations announced after an outage of Redis"),
                // The outage is counted and logged where it is met; the next tick tries again.
                Err(error) => debug!(error = format!("{error:#}"), "revocations wait"),
            }
        }
        Ok(())
    });
}
