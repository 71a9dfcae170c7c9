//! Events of payments: a refund is noted on its order; any other news makes a waiting saga look at once.

use chassis::events::{ApplyError, Event, Handle};
use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    domain::OrderId,
    error::Error,
    store::{orders, sagas, stream},
};

/// Topic of payments' events.
pub const TOPIC: &str = "payment.events";
/// Consumer group, and name in the inbox.
pub const CONSUMER: &str = "order.payments";

/// Applies events of payments to orders.
pub struct PaymentEvents;

/// What this service reads of any of them.
#[derive(Deserialize)]
struct OfOrder {
    order_id: OrderId,
}

#[derive(Deserialize)]
struct Refunded {
    refund_id: Uuid,
    refunded_total: i64,
}

impl Handle for PaymentEvents {
    const EVENT_TYPES: &'static [&'static str] =
        &["PaymentCompleted", "PaymentFailed", "PaymentRefunded"];

    async fn handle(&self, conn: &mut PgConnection, event: &Event) -> Result<(), ApplyError> {
        let OfOrder { order_id } = event.parse()?;
        if event.event_type == "PaymentRefunded" {
            note_refund(conn, order_id, &event.parse()?).await?;
        }
        sagas::hurry(conn, order_id).await?;
        Ok(())
    }
}

async fn note_refund(
    conn: &mut PgConnection,
    order_id: OrderId,
    refund: &Refunded,
) -> Result<(), ApplyError> {
    let mut order = orders::lock(conn, order_id)
        .await?
        .ok_or_else(|| ApplyError::Poison(format!("order {order_id} does not exist")))?;
    let decided = order
        .refund(refund.refund_id, refund.refunded_total)
        .map_err(|error| ApplyError::Poison(error.to_string()))?;
    if let Some(event) = decided {
        stream::record(conn, &mut order, event)
            .await
            .map_err(transient)?;
    }
    Ok(())
}

fn transient(error: Error) -> ApplyError {
    match error {
        Error::Database(error) => error.into(),
        other => ApplyError::Transient(other.into()),
    }
}
