//! The Stripe-shaped provider: PaymentIntents, created and confirmed in one call.
//!
//! <https://docs.stripe.com/api/payment_intents>, <https://docs.stripe.com/api/idempotent_requests>

pub(super) mod objects;

use chassis::{
    client::{Call, EdgeClient, EdgePolicy, Reply},
    config::Secret,
    http::IDEMPOTENCY_KEY,
    service::Context,
};
use form_urlencoded::{Serializer, byte_serialize};

use self::objects::{ErrorBody, Intent, RefundObject, SearchResult};
use super::{Charge, ChargeOutcome, GiveBack, RefundOutcome, classify};
use crate::domain::decline_code;

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) struct Stripe {
    client: EdgeClient,
    api_key: Secret,
}

impl Stripe {
    pub(super) fn from_env(
        context: &Context,
        policy: EdgePolicy,
        api_key: &Secret,
    ) -> anyhow::Result<Self> {
        let client = EdgeClient::from_env(context, "stripe", policy)?.to_the_outside();
        Ok(Self {
            client,
            api_key: api_key.clone(),
        })
    }

    pub(super) async fn charge(&self, charge: Charge<'_>) -> ChargeOutcome {
        let form = Serializer::new(String::new())
            .append_pair("amount", &charge.amount.amount.to_string())
            .append_pair(
                "currency",
                &charge.amount.currency.code().to_ascii_lowercase(),
            )
            .append_pair("confirm", "true")
            .append_pair("capture_method", "automatic")
            .append_pair("payment_method", charge.token.expose())
            .append_pair("metadata[order_id]", &charge.order.to_string())
            .append_pair("metadata[payment_id]", &charge.payment.to_string())
            .finish();
        match self
            .keyed("/v1/payment_intents", charge.key, form)
            .send()
            .await
        {
            Ok(reply) => charge_outcome(&reply),
            Err(error) => classify::failed_call(&error),
        }
    }

    /// By id if an earlier answer brought one, otherwise by order. Only an intent that is ours and definite counts.
    pub(super) async fn look_up(&self, charge: Charge<'_>) -> Option<ChargeOutcome> {
        let intents = match charge.known_id {
            Some(id) => vec![self.read(&format!("/v1/payment_intents/{id}")).await?],
            None => {
                let query = format!("metadata['order_id']:'{}'", charge.order);
                let query: String = byte_serialize(query.as_bytes()).collect();
                let path = format!("/v1/payment_intents/search?query={query}");
                self.read::<SearchResult>(&path).await?.data
            }
        };
        let ours = charge.payment.to_string();
        let mut outcomes = intents
            .into_iter()
            .filter(|intent| intent.metadata.payment_id.as_deref() == Some(&ours))
            .filter_map(Intent::definite);
        outcomes.next()
    }

    pub(super) async fn refund(&self, back: GiveBack<'_>) -> RefundOutcome {
        let Some(intent) = back.attempt.provider_payment_id.as_deref() else {
            return RefundOutcome::Unknown {
                why: "the captured intent has no id".to_owned(),
            };
        };
        let form = Serializer::new(String::new())
            .append_pair("payment_intent", intent)
            .append_pair("amount", &back.amount.amount.to_string())
            .append_pair("reason", "requested_by_customer")
            .append_pair("metadata[order_id]", &back.payment.order_id.to_string())
            .append_pair("metadata[refund_id]", &back.refund.id.to_string())
            .finish();
        match self
            .keyed("/v1/refunds", &back.refund.idempotency_key(), form)
            .send()
            .await
        {
            Ok(reply) => refund_outcome(&reply),
            Err(error) => classify::refund_not_settled(classify::failed_call(&error)),
        }
    }

    fn keyed(&self, path: &str, key: &str, form: String) -> Call {
        self.client
            .post(path)
            .bearer(self.api_key.expose())
            .header(IDEMPOTENCY_KEY, key)
            .body(FORM, form)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, path: &str) -> Option<T> {
        self.client
            .get(path)
            .bearer(self.api_key.expose())
            .send()
            .await
            .ok()?
            .json()
            .ok()
    }
}

fn charge_outcome(reply: &Reply) -> ChargeOutcome {
    if let Some(outcome) = classify::not_about_the_payment(reply) {
        return outcome;
    }
    if reply.status.is_success() {
        return match serde_json::from_slice::<Intent>(&reply.body) {
            Ok(intent) => intent.outcome(),
            Err(error) => classify::senseless(&error),
        };
    }
    refused(reply)
}

/// 4xx about the payment itself. We send the same parameters with the same key always, so had an earlier call been
/// carried out, its answer would have been repeated here. A key that was used with other parameters
/// (`idempotency_error`) says nothing about what those did.
fn refused(reply: &Reply) -> ChargeOutcome {
    let unknown = |why: String| ChargeOutcome::Unknown {
        why,
        payment_id: None,
    };
    let error = match serde_json::from_slice::<ErrorBody>(&reply.body) {
        Ok(body) => body.error,
        Err(_) => return unknown(format!("answered {} without a Stripe error", reply.status)),
    };
    match error.kind.as_str() {
        "card_error" | "invalid_request_error" => ChargeOutcome::Declined {
            code: decline_code(error.reason()),
            payment_id: error.payment_intent.map(|intent| intent.id),
        },
        other => unknown(format!(
            "answered {} with {}",
            reply.status,
            decline_code(other)
        )),
    }
}

fn refund_outcome(reply: &Reply) -> RefundOutcome {
    if let Some(outcome) = classify::not_about_the_payment(reply) {
        return classify::refund_not_settled(outcome);
    }
    if reply.status.is_success() {
        return match serde_json::from_slice::<RefundObject>(&reply.body) {
            Ok(refund) => refund.outcome(),
            Err(error) => classify::refund_not_settled(classify::senseless(&error)),
        };
    }
    match serde_json::from_slice::<ErrorBody>(&reply.body) {
        Ok(body) if body.error.kind == "invalid_request_error" => RefundOutcome::Refused {
            code: decline_code(body.error.reason()),
        },
        _ => RefundOutcome::Unknown {
            why: format!("answered {}", reply.status),
        },
    }
}

#[cfg(test)]
mod tests;
