//! A cancelled order gives its units back. The saga of the order releases them itself; this is the safety net for a saga
//! that could not, and a second release changes nothing.

use chassis::{
    events::{ApplyError, Event, Handle},
    telemetry::request::RequestContext,
};
use serde::Deserialize;
use sqlx::PgConnection;

use crate::{
    commands,
    domain::{OrderId, ReleaseReason},
    error::Error,
    metrics::StockMetrics,
};

/// Written by the order service.
pub const TOPIC: &str = "order.events";

/// Consumer group.
pub const GROUP: &str = "inventory.orders";

/// The handler.
pub struct Orders {
    metrics: StockMetrics,
}

/// What this service reads of `OrderCancelled`.
#[derive(Deserialize)]
struct OrderCancelled {
    order_id: OrderId,
}

impl Orders {
    /// Counts what is released.
    pub fn new(metrics: StockMetrics) -> Self {
        Self { metrics }
    }
}

impl Handle for Orders {
    const EVENT_TYPES: &'static [&'static str] = &["OrderCancelled"];

    async fn handle(&self, conn: &mut PgConnection, event: &Event) -> Result<(), ApplyError> {
        let OrderCancelled { order_id } = event.parse()?;
        // Whatever we write belongs to the request that cancelled the order.
        let cause = RequestContext {
            request_id: event.correlation_id.clone(),
            ..RequestContext::current()
        };
        let released = commands::release(conn, order_id, ReleaseReason::OrderCancelled);
        let settled = cause.scope(released).await.map_err(apply_error)?;
        // Before the commit, which the inbox does: a commit that fails is counted twice, which a metric may be.
        self.metrics.count_settled(&settled);
        Ok(())
    }
}

fn apply_error(error: Error) -> ApplyError {
    match error {
        Error::Database(error) => error.into(),
        other => ApplyError::Transient(other.into()),
    }
}
