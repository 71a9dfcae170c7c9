//! The administrator, who fills up what sells out.

use serde_json::json;
use uuid::Uuid;

use super::{Visit, browsing::adds_up};
use crate::{door::Ask, fault::Ended};

/// Units of a delivery.
const DELIVERY: i64 = 5;

/// Looks at a product's stock and takes in a delivery; afterwards at least that much more has come in.
pub(super) async fn restock(visit: &mut Visit) -> Result<(), Ended> {
    let product = visit.ground.scarce(&mut visit.rng).to_string();
    let path = format!("/api/v1/inventory/{product}");
    let id = product.clone();
    let read = move |answer: &crate::door::Answer| adds_up(&answer.body, &id);
    let before = visit
        .ask(Ask::get("GET /inventory/{id}", path.clone()), read)
        .await?;
    visit.think().await?;
    let delivery = Ask::post(
        "POST /inventory/{id}/restock",
        format!("{path}/restock"),
        json!({ "quantity": DELIVERY }),
    );
    let taken_in = visit.ask(delivery.with_key(Uuid::now_v7()), move |answer| {
        if adds_up(&answer.body, &product)? < before + DELIVERY {
            return Err("a delivery that did not arrive".to_owned());
        }
        Ok(())
    });
    taken_in.await
}
