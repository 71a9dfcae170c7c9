//! Expires reservations whose time is up, one transaction each, as many instances as there are.

use std::time::Duration;

use chassis::service::Tasks;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::commands::Commands;

/// Starts the sweep. It outlives outages of the database.
pub fn spawn(tasks: &Tasks, commands: Commands, every: Duration) {
    let stopping = tasks.stopping();
    tasks.spawn("reservation expiry", async move {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut outage = false;
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            let swept = sweep(&commands, &stopping).await;
            outage = report(outage, &swept);
        }
        Ok(())
    });
}

/// Expires what is due. Stops in between when the service stops, never in the middle of one.
async fn sweep(commands: &Commands, stopping: &CancellationToken) -> anyhow::Result<()> {
    while !stopping.is_cancelled() {
        let Some(expired) = commands.expire_next().await? else {
            break;
        };
        info!(order_id = %expired.reservation.order_id, "reservation expired");
    }
    Ok(())
}

/// Logs the beginning and the end of an outage, not each second of it. Returns whether there is one.
fn report(outage: bool, swept: &anyhow::Result<()>) -> bool {
    match swept {
        Err(error) if !outage => {
            warn!(
                error = format!("{error:#}"),
                "reservations cannot be expired"
            );
        }
        Ok(()) if outage => info!("reservations can be expired again"),
        _ => {}
    }
    swept.is_err()
}
