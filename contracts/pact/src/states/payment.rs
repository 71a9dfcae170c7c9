//! Payments of orders that exist nowhere else.

use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use super::{States, Values, fresh, values};
use crate::{
    examples::USER,
    shop::{Shop, expect},
};

/// A payment is written down before the provider is asked: a few milliseconds.
const WRITTEN_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn set_up(states: &States, state: &str) -> anyhow::Result<Option<Values>> {
    let (shop, order) = (&*states.shop, fresh());
    if let Some(token) = state.strip_prefix("an order that was paid with ") {
        expect(asked(shop, &order, token)?).await?;
    } else if let Some(token) = state.strip_prefix("an order whose payment is under way with ") {
        let request = asked(shop, &order, token)?;
        states.under_way.lock().await.spawn(async move {
            // What comes of it is of no interest, only that it takes its time.
            let _ = request.send().await;
        });
        written(shop, &order).await?;
    } else if state == "an order whose payment was voided" {
        let path = format!("/api/v1/payments/order/{order}/void");
        let request = shop.request("payment", Method::POST, &path)?;
        expect(request.bearer_auth(shop.service_token("order")?)).await?;
    } else if state != "an order that nobody asked to pay for" {
        return Ok(None);
    }
    Ok(Some(values(json!({ "order_id": order }))))
}

/// The request that the pacts make, for this order.
fn asked(shop: &Shop, order: &str, token: &str) -> anyhow::Result<RequestBuilder> {
    let body = json!({
        "order_id": order,
        "user_id": USER,
        "amount": { "amount": 2_500, "currency": "EUR" },
        "method": { "token": token, "provider": "stripe" },
    });
    let request = shop.request("payment", Method::POST, "/api/v1/payments")?;
    Ok(request
        .bearer_auth(shop.service_token("order")?)
        .header("idempotency-key", order)
        .json(&body))
}

async fn written(shop: &Shop, order: &str) -> anyhow::Result<()> {
    let (path, began) = (format!("/api/v1/payments/order/{order}"), Instant::now());
    loop {
        let request = shop.request("payment", Method::GET, &path)?;
        let request = request.bearer_auth(shop.service_token("order")?);
        if request.send().await?.status() == StatusCode::OK {
            return Ok(());
        }
        ensure!(
            began.elapsed() < WRITTEN_WITHIN,
            "the payment of {order} is not written down"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
