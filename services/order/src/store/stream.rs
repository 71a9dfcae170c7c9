//! The stream of an order: its events in the outbox, which is the event store.

use chassis::{
    events::{
        NewEvent,
        outbox::{self, StoredEvent},
    },
    telemetry::request::RequestContext,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{orders::OrderRow, read_model};
use crate::{
    domain::{Order, OrderEvent, OrderId},
    error::Error,
};

/// Topic of all events of orders.
pub(crate) const TOPIC: &str = "order.events";
/// Version of the bodies' form.
const DATA_VERSION: u16 = 1;

/// Writes the first event of an order and its row in the read model.
pub(crate) async fn create(
    conn: &mut PgConnection,
    event: OrderEvent,
) -> Result<(Order, OrderRow), Error> {
    let order = Order::begin(event.clone()).expect("only called with a creation");
    append(conn, &order, event).await?;
    let row = read_model::insert(conn, &order).await?;
    Ok((order, row))
}

/// Writes the next event of an order and brings the read model up to date, in the caller's transaction.
pub(crate) async fn record(
    conn: &mut PgConnection,
    order: &mut Order,
    event: OrderEvent,
) -> Result<OrderRow, Error> {
    order.apply(event.clone());
    append(conn, order, event).await?;
    Ok(read_model::update(conn, order).await?)
}

async fn append(conn: &mut PgConnection, order: &Order, event: OrderEvent) -> Result<(), Error> {
    outbox::append(conn, &new_event(order.id, order.version, event)).await?;
    Ok(())
}

fn new_event(id: OrderId, version: i64, event: OrderEvent) -> NewEvent {
    NewEvent {
        topic: TOPIC,
        aggregate_id: id.0,
        aggregate_version: version,
        event_type: event.name(),
        data_version: DATA_VERSION,
        data: body(event),
        correlation_id: RequestContext::correlation_id(),
    }
}

/// At least one of each, as this service writes them: what contracts/events describes and consumers are tested with.
pub fn examples() -> Vec<NewEvent> {
    let id = OrderId(Uuid::from_u128(1));
    let events = OrderEvent::examples(id);
    events
        .into_iter()
        .map(|event| new_event(id, 1, event))
        .collect()
}

fn body(event: OrderEvent) -> Value {
    let tagged = serde_json::to_value(event).expect("events are plain JSON");
    match tagged {
        Value::Object(mut tagged) => tagged.remove("data").expect("every event has fields"),
        _ => unreachable!("a tagged enum is an object"),
    }
}

/// What is stored, back as a domain event.
pub(crate) fn parse(stored: &StoredEvent) -> serde_json::Result<OrderEvent> {
    serde_json::from_value(json!({ "event_type": stored.event_type, "data": stored.data }))
}

/// All events of an order, oldest first.
pub(crate) async fn history(
    conn: &mut PgConnection,
    id: OrderId,
) -> sqlx::Result<Vec<StoredEvent>> {
    outbox::load_stream(conn, id.0).await
}
