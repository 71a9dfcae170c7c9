//! Money at the payment provider, through either of its faces.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Values, fresh, values};
use crate::{
    examples::{ORDER, PAYMENT, SEARCHED},
    shop::{Shop, expect, text},
};

pub(super) async fn set_up(shop: &Shop, state: &str) -> anyhow::Result<Option<Values>> {
    let given = match state.split_once(": ") {
        Some(("Stripe", state)) => stripe(shop, state).await?,
        Some(("PayPal", state)) => paypal(shop, state).await?,
        _ => None,
    };
    Ok(given.map(values))
}

async fn stripe(shop: &Shop, state: &str) -> anyhow::Result<Option<Value>> {
    let key = fresh();
    let mut given = json!({ "api_key": shop.psp_key(), "key": key });
    match state {
        "a merchant with a key" => {}
        "a merchant with a wrong key" => given["api_key"] = "sk_test_of_nobody".into(),
        "a key that was used for another amount" => drop(intent(shop, &key, 100, ORDER).await?),
        "a captured charge" | "a charge that was refunded" => {
            let id = intent(shop, &fresh(), 2_500, SEARCHED).await?;
            if state == "a charge that was refunded" {
                let form = [("payment_intent", &*id)];
                expect(stripe_form(shop, "/v1/refunds", &fresh(), &form)?).await?;
            }
            given["intent_id"] = id.into();
        }
        _ => return Ok(None),
    }
    Ok(Some(given))
}

/// A charge of a good card; its id.
async fn intent(shop: &Shop, key: &str, amount: u32, order: Uuid) -> anyhow::Result<String> {
    let (amount, order, payment) = (amount.to_string(), order.to_string(), PAYMENT.to_string());
    let form = [
        ("amount", &*amount),
        ("currency", "eur"),
        ("confirm", "true"),
        ("payment_method", "tok_visa"),
        ("metadata[order_id]", &order),
        ("metadata[payment_id]", &payment),
    ];
    let intent = expect(stripe_form(shop, "/v1/payment_intents", key, &form)?).await?;
    text(&intent, "/id")
}

fn stripe_form(
    shop: &Shop,
    path: &str,
    key: &str,
    form: &[(&str, &str)],
) -> anyhow::Result<reqwest::RequestBuilder> {
    let request = shop.request("psp", Method::POST, path)?;
    Ok(request
        .bearer_auth(shop.psp_key())
        .header("idempotency-key", key)
        .form(form))
}

async fn paypal(shop: &Shop, state: &str) -> anyhow::Result<Option<Value>> {
    let basic = BASE64_STANDARD.encode(format!("faultline:{}", shop.psp_key()));
    if state == "a merchant with a secret" {
        return Ok(Some(json!({ "basic": basic })));
    }
    let merchant = Merchant {
        shop,
        access_token: access_token(shop, &basic).await?,
    };
    let mut given = json!({ "access_token": merchant.access_token, "key": fresh() });
    if let Some(card) = state.strip_prefix("an open order with ") {
        given["order_id"] = merchant.order(card).await?.into();
        return Ok(Some(given));
    }
    match state {
        "a merchant with a token" => {}
        "a captured order" | "a captured order that was refunded" => {
            let order = merchant.order("tok_visa").await?;
            let path = format!("/v2/checkout/orders/{order}/capture");
            let captured = merchant.post(&path, &json!({})).await?;
            let capture = text(&captured, "/purchase_units/0/payments/captures/0/id")?;
            if state == "a captured order that was refunded" {
                let path = format!("/v2/payments/captures/{capture}/refund");
                merchant.post(&path, &json!({})).await?;
            }
            given["order_id"] = order.into();
            given["capture_id"] = capture.into();
        }
        _ => return Ok(None),
    }
    Ok(Some(given))
}

async fn access_token(shop: &Shop, basic: &str) -> anyhow::Result<String> {
    let request = shop.request("psp", Method::POST, "/v1/oauth2/token")?;
    let request = request
        .header("authorization", format!("Basic {basic}"))
        .form(&[("grant_type", "client_credentials")]);
    text(&expect(request).await?, "/access_token")
}

struct Merchant<'a> {
    shop: &'a Shop,
    access_token: String,
}

impl Merchant<'_> {
    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.shop.request("psp", Method::POST, path)?;
        let request = request
            .bearer_auth(&self.access_token)
            .header("paypal-request-id", fresh());
        expect(request.json(body)).await
    }

    /// An order that is not captured yet; its id.
    async fn order(&self, card: &str) -> anyhow::Result<String> {
        let body = json!({
            "intent": "CAPTURE",
            "purchase_units": [{
                "reference_id": PAYMENT,
                "custom_id": ORDER,
                "amount": { "currency_code": "EUR", "value": "25.00" },
            }],
            "payment_source": { "token": { "id": card, "type": "PAYMENT_METHOD_TOKEN" } },
        });
        text(&self.post("/v2/checkout/orders", &body).await?, "/id")
    }
}
