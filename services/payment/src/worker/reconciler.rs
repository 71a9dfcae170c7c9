//! Settles what is not settled: asks the provider about payments and refunds whose answer was lost, until there is one.
//!
//! As many instances as there are: each claims payments by lease, and what a dead one had claimed comes up again.

use std::time::Duration;

use chassis::{service::Tasks, telemetry::request::RequestContext};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;
use tracing::{Instrument as _, info, info_span, warn};

use crate::{commands::Commands, error::Error, metrics::CHECK_OUTCOMES, store::payments::Claimed};

/// Payments of one batch that are worked on at the same time.
const AT_ONCE: usize = 4;

/// How often the gauges of the backlog are brought up to date.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Starts the reconciler. It outlives outages of the database and of the providers.
pub(crate) fn spawn(tasks: &Tasks, commands: Commands) {
    let stopping = tasks.stopping();
    tasks.spawn("payment reconciler", async move {
        let mut outage = false;
        let mut measured = Instant::now();
        while !stopping.is_cancelled() {
            let worked = batch(&commands).await;
            if measured.elapsed() >= MEASURE_EVERY {
                measured = Instant::now();
                // The same outage is reported below.
                commands.measure_backlog().await.ok();
            }
            outage = report(outage, &worked);
            if !matches!(worked, Ok(count) if count > 0) {
                let rest = tokio::time::sleep(commands.limits().poll);
                stopping.run_until_cancelled(rest).await;
            }
        }
        Ok(())
    });
}

/// Looks at what is due. Returns how many payments that were.
async fn batch(commands: &Commands) -> Result<usize, Error> {
    let claimed = commands.claim_due().await?;
    let count = claimed.len();
    stream::iter(claimed)
        .for_each_concurrent(AT_ONCE, |claimed| look_at(commands, claimed))
        .await;
    Ok(count)
}

/// One payment, under the correlation id of the request that made it.
async fn look_at(commands: &Commands, claimed: Claimed) {
    let span = info_span!("payment.reconcile", payment_id = %claimed.id);
    let context = RequestContext {
        request_id: claimed.correlation_id,
        ..RequestContext::default()
    };
    let look = context.scope(commands.reconcile(claimed.id));
    let [settled, waiting, failed] = CHECK_OUTCOMES;
    let outcome = match look.instrument(span).await {
        Ok(payment) if payment.position.is_unsettled() => waiting,
        Ok(payment) => {
            let status = payment.position.status.as_str();
            info!(payment_id = %payment.id, status, "settled");
            settled
        }
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            warn!(payment_id = %claimed.id, error, "a payment cannot be looked at");
            failed
        }
    };
    commands
        .metrics()
        .checks
        .with_label_values(&[outcome])
        .inc();
}

/// Logs the beginning and the end of an outage, not each second of it. Returns whether there is one.
fn report(outage: bool, worked: &Result<usize, Error>) -> bool {
    match worked {
        Err(error) if !outage => warn!(%error, "payments cannot be reconciled"),
        Ok(_) if outage => info!("payments can be reconciled again"),
        _ => {}
    }
    worked.is_err()
}
