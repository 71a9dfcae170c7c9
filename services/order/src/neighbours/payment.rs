//! Payment: process and void; each idempotent by order id.

use chassis::{client::EdgeClient, money::Money};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Refusal, sort};
use crate::domain::OrderId;

/// Client of `order->payment`.
#[derive(Clone)]
pub struct Payment(pub(super) EdgeClient);

/// What this service reads of a payment.
#[derive(Debug, Deserialize)]
struct View {
    id: Uuid,
    status: String,
    #[serde(default)]
    decline_code: Option<String>,
}

impl Payment {
    /// Charges the customer, once. Done gives the id of the payment.
    pub async fn process(
        &self,
        order: OrderId,
        user: Uuid,
        amount: Money,
        method: &Value,
    ) -> Answer<Uuid> {
        let body =
            json!({ "order_id": order, "user_id": user, "amount": amount, "method": method });
        let call = self
            .0
            .post("/api/v1/payments")
            .idempotency_key(&order.to_string())
            .json(&body);
        let view = match call.send().await.and_then(|reply| reply.json::<View>()) {
            Ok(view) => view,
            Err(error) => return sort(error, &["payment_voided", "validation_failed"]),
        };
        match view.status.as_str() {
            "captured" => Answer::Done(view.id),
            "declined" => {
                let detail = view.decline_code.unwrap_or_else(|| "declined".to_owned());
                Answer::Refused(Refusal {
                    code: "payment_declined".to_owned(),
                    detail,
                })
            }
            other => Answer::Unknown(format!("the payment is {other}")),
        }
    }

    /// Makes sure that nothing stays captured for the order, whatever happened before or is still under way.
    pub async fn void(&self, order: OrderId) -> Answer<()> {
        let call = self
            .0
            .post(&format!("/api/v1/payments/order/{order}/void"))
            .idempotent();
        let view = match call.send().await.and_then(|reply| reply.json::<View>()) {
            Ok(view) => view,
            Err(error) => return sort(error, &[]),
        };
        match view.status.as_str() {
            "voided" | "refunded" | "declined" => Answer::Done(()),
            other => Answer::Unknown(format!("the payment is still {other}")),
        }
    }
}
