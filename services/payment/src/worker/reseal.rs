//! After a change of keys: seals the tokens of pending payments with the new one, so that the old one can be dropped.

use std::time::Duration;

use chassis::service::Tasks;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::{commands::Commands, domain::PaymentId, error::Error};

/// Starts the worker; its first pass is at once.
pub(crate) fn spawn(tasks: &Tasks, commands: Commands, every: Duration) {
    let stopping = tasks.stopping();
    tasks.spawn("token reseal", async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            match pass(&commands, &stopping).await {
                Ok(0) => {}
                Ok(count) => info!(count, "tokens were sealed with the new key"),
                Err(error) => warn!(%error, "tokens cannot be sealed again at the moment"),
            }
        }
        Ok(())
    });
}

/// Goes through the rows once, so that one that cannot be opened does not hold up the others.
async fn pass(commands: &Commands, stopping: &CancellationToken) -> Result<u32, Error> {
    let (mut after, mut count) = (PaymentId(Uuid::nil()), 0);
    while !stopping.is_cancelled() {
        let Some(id) = commands.reseal_next(after).await? else {
            break;
        };
        (after, count) = (id, count + 1);
    }
    Ok(count)
}
