//! The events that this service writes, on `inventory.events`.
//!
//! Those of a reservation have the order as their aggregate, `InventoryUpdated` has the product. Members are only ever
//! added; a reader ignores what it does not know.

use chassis::{events::NewEvent, telemetry::request::RequestContext};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    domain::{Basket, Item, OrderId, ProductId, ReleaseReason, Reservation, Status},
    store::stock::StockRow,
};

/// Where they are published.
pub const TOPIC: &str = "inventory.events";

/// Units are kept for an order.
pub fn reserved(order_id: OrderId, basket: &Basket) -> NewEvent {
    let data = json!({ "order_id": order_id, "items": items(basket) });
    event("InventoryReserved", order_id.0, 1, data)
}

/// A reservation reached its present status: `InventoryCommitted`, or `InventoryReleased` with the reason.
pub fn settled(reservation: &Reservation, reason: ReleaseReason) -> NewEvent {
    let Reservation {
        order_id,
        version,
        basket,
        ..
    } = reservation;
    let mut data = json!({ "order_id": order_id, "items": items(basket) });
    let event_type = if reservation.status == Status::Committed {
        "InventoryCommitted"
    } else {
        data["reason"] = reason.name().into();
        "InventoryReleased"
    };
    event(event_type, order_id.0, *version, data)
}

/// Units came in. The figures are those of that moment; reservations since then have events of their own.
pub fn updated(row: &StockRow) -> NewEvent {
    let data = json!({
        "product_id": row.product_id,
        "received": row.received,
        "available": row.available,
        "reserved": row.reserved,
        "sold": row.sold,
    });
    event("InventoryUpdated", row.product_id.0, row.restocks, data)
}

/// One of each, as this service writes them, a release for each reason: what contracts/events describes and consumers
/// are tested with.
pub fn examples() -> Vec<NewEvent> {
    let (order_id, product_id) = (OrderId(Uuid::from_u128(1)), ProductId(Uuid::from_u128(2)));
    let basket = Basket::from_stored(vec![Item {
        product_id,
        quantity: 2,
    }]);
    let row = StockRow {
        product_id,
        received: 9,
        available: 4,
        reserved: 2,
        sold: 3,
        version: 7,
        restocks: 1,
    };
    let reservation = |status| Reservation {
        order_id,
        status,
        expires_at: None,
        version: 2,
        basket: basket.clone(),
    };
    let committed = settled(&reservation(Status::Committed), ReleaseReason::Requested);
    let mut examples = vec![reserved(order_id, &basket), committed, updated(&row)];
    let released = |reason| settled(&reservation(Status::Released), reason);
    examples.extend(ReleaseReason::ALL.map(released));
    examples
}

fn items(basket: &Basket) -> Value {
    let item = |item: &Item| json!({ "product_id": item.product_id, "quantity": item.quantity });
    basket.items().iter().map(item).collect()
}

fn event(event_type: &'static str, aggregate_id: Uuid, version: i64, data: Value) -> NewEvent {
    NewEvent {
        topic: TOPIC,
        aggregate_id,
        aggregate_version: version,
        event_type,
        data_version: 1,
        data,
        correlation_id: RequestContext::correlation_id(),
    }
}
