//! Continues sagas that nobody holds: after a crash, a lost reply, or a neighbour that was away.

use chassis::{service::Tasks, telemetry::request::RequestContext};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{Instrument as _, error};

use crate::{
    error::Error,
    saga::{runner::SagaRunner, span},
    store::{
        orders,
        sagas::{self, SagaRow},
    },
};

/// Starts the worker.
pub(crate) fn spawn(tasks: &Tasks, runner: SagaRunner) {
    let stopping = tasks.stopping();
    let workers = tasks.clone();
    tasks.spawn("saga recovery", async move {
        let mut ticks = interval(runner.config.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                _ = ticks.tick() => {}
            }
            if let Err(error) = pass(&runner, &workers).await {
                // The next tick tries again; the database is watched by readiness.
                error!(
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "recovery pass failed"
                );
            }
        }
    });
}

/// One round: claims what is due and runs it to its end.
async fn pass(runner: &SagaRunner, tasks: &Tasks) -> Result<(), Error> {
    let mut conn = runner.pool.acquire().await?;
    runner.metrics.open(&sagas::open_by_state(&mut conn).await?);
    let claimed = sagas::claim(&mut conn, runner.config.batch, runner.config.lease).await?;
    drop(conn);
    let running: Vec<_> = claimed
        .into_iter()
        .map(|saga| {
            let runner = runner.clone();
            tasks.detach(async move { resume(&runner, saga).await })
        })
        .collect();
    for task in running {
        if let Ok(Err(error)) = task.await {
            error!(
                error = format!("{:#}", anyhow::Error::from(error)),
                "saga could not go on"
            );
        }
    }
    Ok(())
}

/// Continues under the request id of the request that began the saga, in a trace that is linked to its trace.
async fn resume(runner: &SagaRunner, saga: SagaRow) -> Result<(), Error> {
    let span = span::recovery(saga.order_id, &saga);
    let context = RequestContext {
        request_id: saga.correlation_id.clone(),
        ..Default::default()
    };
    let work = async {
        let mut conn = runner.pool.acquire().await?;
        let order = orders::lock(&mut conn, saga.order_id)
            .await?
            .ok_or(Error::NotFound)?;
        drop(conn);
        runner.run(order, saga).await.map(|_| ())
    };
    context.scope(work.instrument(span)).await
}
