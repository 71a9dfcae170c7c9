//! The events that this service writes, on `product.events`. The aggregate is the product; members are only ever added.

use chassis::{events::NewEvent, telemetry::request::RequestContext};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::{Draft, ProductId, RawDraft};

/// Where they are published.
pub const TOPIC: &str = "product.events";

/// A product entered the catalogue, at version 1.
pub fn created(id: ProductId, draft: &Draft) -> NewEvent {
    event("ProductCreated", id, 1, summary(id, draft))
}

/// What is written about a product changed, or it came back from the archive.
pub fn updated(id: ProductId, draft: &Draft, version: i64) -> NewEvent {
    event("ProductUpdated", id, version, summary(id, draft))
}

/// A product is no longer sold.
pub fn deleted(id: ProductId, version: i64) -> NewEvent {
    event("ProductDeleted", id, version, json!({ "product_id": id }))
}

/// One of each, as this service writes them: what contracts/events describes and consumers are tested with.
pub fn examples() -> Vec<NewEvent> {
    let (id, draft) = (ProductId(Uuid::from_u128(1)), Draft::example());
    vec![created(id, &draft), updated(id, &draft, 2), deleted(id, 3)]
}

fn summary(id: ProductId, draft: &Draft) -> Value {
    let RawDraft {
        sku, name, price, ..
    } = &**draft;
    json!({ "product_id": id, "sku": sku, "name": name, "price": price })
}

fn event(event_type: &'static str, id: ProductId, version: i64, data: Value) -> NewEvent {
    NewEvent {
        topic: TOPIC,
        aggregate_id: id.0,
        aggregate_version: version,
        event_type,
        data_version: 1,
        data,
        correlation_id: RequestContext::correlation_id(),
    }
}
