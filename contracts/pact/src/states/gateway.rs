//! Customers and their orders, as they come through the door.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{States, Values, fresh, stock, values};
use crate::shop::{Shop, expect, text, unused_address};

/// The saga itself gives up sooner.
const PAID_WITHIN: Duration = Duration::from_secs(12);
/// More than twice of what a customer may ask in a minute.
const TOO_OFTEN: usize = 4_000;
/// A path that is refused without asking a database.
const CHEAP: &str = "/api/v1/products/none";
/// Longer than an exchange takes, and than the gateway waits for a service.
const BROKEN_FOR: Duration = Duration::from_secs(20);
/// Longer than the gateway waits for a service.
const TOO_LATE: Duration = Duration::from_secs(8);
/// The breaker opens when half of the last hundred calls have failed; so many that succeed come before one that does not.
const GOOD_CALLS: usize = 20;
/// Requests that are under way at once while a limit is used up.
const AT_ONCE: usize = 64;

pub(super) async fn set_up(states: &States, state: &str) -> anyhow::Result<Option<Values>> {
    let shop = &*states.shop;
    let given = match state {
        "somebody without an account" => json!({ "email": unused_address() }),
        "somebody with an account" => {
            let email = unused_address();
            shop.register(&email).await?;
            json!({ "email": email })
        }
        "somebody with a session" => {
            json!({ "refresh_token": shop.customer().await?.refresh_token })
        }
        "a product that can be ordered" => {
            json!({ "product_id": product(shop).await?, "key": fresh() })
        }
        "an order that its customer paid for" => paid_order(shop).await?,
        "a customer who asks without end" => limited(states).await?,
        "a product about which the answer is lost" => {
            broken(shop, "http_reply_lost", json!({})).await?
        }
        "a product about which the answer comes too late" => {
            let delay = u64::try_from(TOO_LATE.as_millis())?;
            broken(shop, "http_delay", json!({ "delay": delay })).await?
        }
        _ => return Ok(None),
    };
    Ok(Some(values(given)))
}

async fn product(shop: &Shop) -> anyhow::Result<String> {
    let product = stock::product(shop).await?;
    stock::stock(shop, &product, 9).await?;
    Ok(product)
}

async fn paid_order(shop: &Shop) -> anyhow::Result<Value> {
    let (customer, product) = (shop.customer().await?, product(shop).await?);
    let body = json!({
        "items": [{ "product_id": product, "quantity": 1 }],
        "payment": { "token": "tok_visa", "provider": "stripe" },
    });
    let request = shop.request("gateway", Method::POST, "/api/v1/orders")?;
    let request = request
        .bearer_auth(&customer.token)
        .header("idempotency-key", fresh());
    let order = text(&expect(request.json(&body)).await?, "/id")?;
    let (path, began) = (format!("/api/v1/orders/{order}"), Instant::now());
    // On a busy machine the answer comes before the saga is through.
    loop {
        let request = shop.request("gateway", Method::GET, &path)?;
        let seen = expect(request.bearer_auth(&customer.token)).await?;
        if seen["status"] == "paid" {
            return Ok(json!({ "order_id": order, "token": customer.token }));
        }
        ensure!(began.elapsed() < PAID_WITHIN, "not paid in time: {seen}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A product that exists, and a fault on the way from the gateway to its service that hits requests for it alone.
async fn broken(shop: &Shop, toxic: &str, mut attributes: Value) -> anyhow::Result<Value> {
    let product = product(shop).await?;
    for _ in 0..GOOD_CALLS {
        shop.request("gateway", Method::GET, CHEAP)?.send().await?;
    }
    attributes["path"] = json!(format!("/api/v1/products/{product}"));
    let toxic = json!({
        "name": format!("pact-{product}"), "type": toxic, "stream": "downstream", "toxicity": 1.0,
        "attributes": attributes, "lease_ms": u64::try_from(BROKEN_FOR.as_millis())?, "lease_holder": "pacts",
    });
    shop.break_edge("gateway->product", &toxic).await?;
    Ok(json!({ "product_id": product }))
}

/// The limit refills every moment, so it is used up by many at once; and whoever asks in this customer's name later has
/// to insist, too (see [`States::insists`]).
async fn limited(states: &States) -> anyhow::Result<Value> {
    let shop = &*states.shop;
    let customer = shop.customer().await?;
    states.insistent.lock().await.insert(customer.token.clone());
    let mut asked = 0;
    while asked < TOO_OFTEN {
        let asking: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let request = shop.request("gateway", Method::GET, CHEAP);
                request.map(|request| request.bearer_auth(&customer.token).send())
            })
            .collect::<Result<_, _>>()?;
        let mut limited = 0;
        for answer in futures_util::future::join_all(asking).await {
            limited += usize::from(answer?.status() == StatusCode::TOO_MANY_REQUESTS);
        }
        // A few alone may have been limited by a gateway that could not reach Redis, which counts by itself.
        if limited > AT_ONCE / 2 {
            return Ok(json!({ "token": customer.token }));
        }
        asked += AT_ONCE;
    }
    bail!("{TOO_OFTEN} requests of one customer were not too many")
}
