//! The PayPal-shaped provider: an order is made, then captured, each call with its own `PayPal-Request-Id`.
//!
//! <https://developer.paypal.com/docs/api/orders/v2/>, <https://developer.paypal.com/api/rest/reference/idempotency/>

mod access;
pub(super) mod objects;

use chassis::{
    client::{Call, EdgeClient, EdgePolicy, Reply},
    config::Secret,
    service::Context,
};
use http::{HeaderName, StatusCode};
use serde_json::json;

use self::{
    access::Access,
    objects::{Amount, ErrorBody, Order, RefundObject},
};
use super::{Charge, ChargeOutcome, GiveBack, RefundOutcome, classify};
use crate::domain::decline_code;

const REQUEST_ID: HeaderName = HeaderName::from_static("paypal-request-id");

pub(super) struct Paypal {
    client: EdgeClient,
    access: Access,
}

impl Paypal {
    pub(super) fn from_env(
        context: &Context,
        policy: EdgePolicy,
        secret: &Secret,
    ) -> anyhow::Result<Self> {
        let client = EdgeClient::from_env(context, "paypal", policy)?.to_the_outside();
        Ok(Self {
            client,
            access: Access::new(secret.clone()),
        })
    }

    pub(super) async fn charge(&self, charge: Charge<'_>) -> ChargeOutcome {
        match self.try_charge(charge).await {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    /// What is known may have been learnt early: the error is an outcome like any other.
    async fn try_charge(&self, charge: Charge<'_>) -> Result<ChargeOutcome, ChargeOutcome> {
        let body = json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "reference_id": charge.payment,
                "custom_id": charge.order,
                "amount": Amount::from(charge.amount),
            }],
            "payment_source": { "token": { "id": charge.token.expose(), "type": "PAYMENT_METHOD_TOKEN" } },
        });
        let call = self.client.post("/v2/checkout/orders").json(&body);
        let reply = self.keyed(call, &format!("{}_order", charge.key)).await?;
        let order: Order = read(&reply)?;
        if let Some(outcome) = order.definite() {
            return Ok(outcome);
        }
        self.capture(charge, &order.id)
            .await
            .map_err(|outcome| remember(outcome, &order.id))
    }

    async fn capture(&self, charge: Charge<'_>, id: &str) -> Result<ChargeOutcome, ChargeOutcome> {
        let call = self
            .client
            .post(&format!("/v2/checkout/orders/{id}/capture"))
            .json(&json!({}));
        let reply = self.keyed(call, &format!("{}_capture", charge.key)).await?;
        let order: Order = read(&reply)?;
        Ok(order.definite().unwrap_or_else(|| ChargeOutcome::Unknown {
            why: format!("the order is {}", decline_code(&order.status)),
            payment_id: Some(order.id.clone()),
        }))
    }

    /// PayPal cannot be asked by our own ids, so this needs the order's.
    pub(super) async fn look_up(&self, charge: Charge<'_>) -> Option<ChargeOutcome> {
        let path = format!("/v2/checkout/orders/{}", charge.known_id?);
        let token = self.access.token(&self.client).await.ok()?;
        let reply = self
            .client
            .get(&path)
            .bearer(token.expose())
            .send()
            .await
            .ok()?;
        reply.json::<Order>().ok()?.definite()
    }

    pub(super) async fn refund(&self, back: GiveBack<'_>) -> RefundOutcome {
        let Some(capture) = back.attempt.provider_capture_id.as_deref() else {
            return RefundOutcome::Unknown {
                why: "the capture has no id".to_owned(),
            };
        };
        let body = json!({
            "amount": Amount::from(back.amount),
            "custom_id": back.payment.order_id,
            "invoice_id": back.refund.id,
        });
        let call = self
            .client
            .post(&format!("/v2/payments/captures/{capture}/refund"))
            .json(&body);
        match self.keyed(call, &back.refund.idempotency_key()).await {
            Ok(reply) => refund_outcome(&reply),
            Err(outcome) => classify::refund_not_settled(outcome),
        }
    }

    /// Sends a call with its key and an access token. Without a token nothing is sent.
    async fn keyed(&self, call: Call, key: &str) -> Result<Reply, ChargeOutcome> {
        let token = self.access.token(&self.client).await?;
        let call = call.bearer(token.expose()).header(REQUEST_ID, key);
        let reply = call
            .send()
            .await
            .map_err(|error| classify::failed_call(&error))?;
        if reply.status == StatusCode::UNAUTHORIZED {
            self.access.forget();
        }
        classify::not_about_the_payment(&reply).map_or(Ok(reply), Err)
    }
}

fn read<T: serde::de::DeserializeOwned>(reply: &Reply) -> Result<T, ChargeOutcome> {
    if !reply.status.is_success() {
        return Err(refused(reply));
    }
    serde_json::from_slice(&reply.body).map_err(|error| classify::senseless(&error))
}

/// 4xx about the payment itself, by the issue that it names. Issues that speak of an earlier call say nothing about what
/// that one did.
fn refused(reply: &Reply) -> ChargeOutcome {
    let error = serde_json::from_slice::<ErrorBody>(&reply.body).unwrap_or_default();
    let code = decline_code(error.issue());
    let about_earlier_calls = [
        "ORDER_ALREADY_CAPTURED",
        "PAYPAL_REQUEST_ID_PREVIOUSLY_USED",
    ];
    let final_refusal = ["UNPROCESSABLE_ENTITY", "INVALID_REQUEST"].contains(&&*error.name);
    if final_refusal && !about_earlier_calls.contains(&error.issue()) {
        return ChargeOutcome::Declined {
            code,
            payment_id: None,
        };
    }
    ChargeOutcome::Unknown {
        why: format!("answered {} {code}", reply.status),
        payment_id: None,
    }
}

/// The order's id is what the next look needs.
fn remember(outcome: ChargeOutcome, id: &str) -> ChargeOutcome {
    let payment_id = Some(id.to_owned());
    match outcome {
        ChargeOutcome::Unknown { why, .. } => ChargeOutcome::Unknown { why, payment_id },
        ChargeOutcome::Declined { code, .. } => ChargeOutcome::Declined { code, payment_id },
        other => other,
    }
}

fn refund_outcome(reply: &Reply) -> RefundOutcome {
    if reply.status.is_success() {
        return match serde_json::from_slice::<RefundObject>(&reply.body) {
            Ok(refund) => refund.outcome(),
            Err(error) => classify::refund_not_settled(classify::senseless(&error)),
        };
    }
    match refused(reply) {
        ChargeOutcome::Declined { code, .. } => RefundOutcome::Refused { code },
        other => classify::refund_not_settled(other),
    }
}

#[cfg(test)]
mod tests;
