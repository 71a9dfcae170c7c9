//! Inventory: reserve, commit, release; each idempotent by order id.

use chassis::client::EdgeClient;
use http::Method;
use serde_json::json;

use super::{Answer, sort};
use crate::domain::{Line, OrderId};

/// Client of `order->inventory`.
#[derive(Clone)]
pub struct Inventory(pub(super) EdgeClient);

impl Inventory {
    /// Takes the stock aside, all of it or none.
    pub async fn reserve(&self, order: OrderId, lines: &[Line]) -> Answer<()> {
        let items: Vec<_> = lines
            .iter()
            .map(|line| json!({ "product_id": line.product_id, "quantity": line.quantity }))
            .collect();
        let call = self
            .0
            .request(Method::PUT, &path(order, ""))
            .json(&json!({ "items": items }))
            .idempotent();
        finish(
            call,
            &["out_of_stock", "reservation_closed", "validation_failed"],
        )
        .await
    }

    /// Turns reserved stock into sold stock.
    pub async fn commit(&self, order: OrderId) -> Answer<()> {
        let call = self.0.post(&path(order, "/commit")).idempotent();
        finish(call, &["reservation_closed", "reservation_not_found"]).await
    }

    /// Gives everything back, also what was sold; keeps a reservation that is still under way from coming about.
    pub async fn release(&self, order: OrderId) -> Answer<()> {
        finish(self.0.post(&path(order, "/release")).idempotent(), &[]).await
    }
}

fn path(order: OrderId, action: &str) -> String {
    format!("/api/v1/inventory/reservations/{order}{action}")
}

async fn finish(call: chassis::client::Call, definite: &[&str]) -> Answer<()> {
    match call.send().await.and_then(chassis::client::Reply::accepted) {
        Ok(_) => Answer::Done(()),
        Err(error) => sort(error, definite),
    }
}
