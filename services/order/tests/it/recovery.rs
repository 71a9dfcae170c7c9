//! When patience ends: forward sagas turn round, compensations that keep failing get stuck and can be resumed.

use chassis::testing::wait_for;
use reqwest::{Client, Method};
use serde_json::json;
use uuid::Uuid;

use crate::{
    proxy::{Fault, Rule},
    shop::{LIMIT, Shop},
};

const ALWAYS: u32 = u32::MAX;

fn refuse(method: &'static str, suffix: &'static str) -> Rule {
    Rule {
        method,
        suffix,
        fault: Fault::Refuse,
        times: ALWAYS,
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_charged_in_time_is_cancelled_and_its_stock_released() {
    let settings = [
        ("SAGA_FORWARD_MAX_MS", "500"),
        ("SAGA_POLL_MS", "50"),
        ("SAGA_BACKOFF_MAX_MS", "200"),
    ];
    let shop = Shop::open(5, &settings).await;
    shop.payment.set(refuse("POST", "/payments"));

    let answer = shop.order(1, "tok_visa").await;

    let order = shop.settled(answer.body["id"].as_str().unwrap()).await;
    assert_eq!(
        (&order["status"], &order["reason"]),
        (&json!("cancelled"), &json!("timed_out"))
    );
    shop.assert_consistent(order["id"].as_str().unwrap(), "cancelled", 1, "timed out")
        .await;
}

#[tokio::test]
async fn a_compensation_that_keeps_failing_is_stuck_until_somebody_resumes_it() {
    let settings = [
        ("SAGA_COMPENSATION_ATTEMPTS_MAX", "3"),
        ("SAGA_POLL_MS", "50"),
        ("SAGA_BACKOFF_MAX_MS", "100"),
    ];
    let shop = Shop::open(5, &settings).await;
    let order = shop.order(1, "tok_visa").await.body;
    let id = order["id"].as_str().unwrap();
    shop.payment.set(refuse("POST", "/void"));
    let reason = json!({ "reason": "changed my mind" });
    let cancelled = shop
        .send(
            Method::POST,
            &format!("/api/v1/orders/{id}/cancel"),
            Some(&reason),
        )
        .await;
    assert_eq!(cancelled.status, 202, "{}", cancelled.body);
    wait_for(LIMIT, async || shop.saga(id).await == "stuck").await;

    shop.payment.set(Rule {
        times: 0,
        ..refuse("POST", "/void")
    });
    let resume = format!("{}/api/v1/orders/{id}/resume", shop.url());
    let token = shop.auth.user_token(Uuid::now_v7(), &["admin"]);
    let resumed = Client::new()
        .post(&resume)
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();

    assert_eq!(resumed.status(), 202);
    let order = shop.settled(id).await;
    assert_eq!(order["status"], "cancelled");
    shop.assert_consistent(id, "cancelled", 1, "resumed").await;
    let again = Client::new()
        .post(&resume)
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), 409);
}

#[tokio::test]
async fn a_cancellation_in_the_middle_of_charging_wins_and_nothing_is_kept() {
    let settings = [
        ("EDGE_PAYMENT_TRY_TIMEOUT_MS", "400"),
        ("EDGE_PAYMENT_DEADLINE_MS", "900"),
        ("SAGA_REQUEST_DEADLINE_MS", "300"),
        ("SAGA_POLL_MS", "50"),
    ];
    let shop = Shop::open(5, &settings).await;
    let rule = Rule {
        method: "POST",
        suffix: "/payments",
        fault: Fault::LoseReply,
        times: 3,
    };
    shop.payment.set(rule);
    let order = shop.order(1, "tok_visa").await;
    assert_eq!(order.status, 202, "{}", order.body);
    let id = order.body["id"].as_str().unwrap();

    let reason = json!({ "reason": "it takes too long" });
    let path = format!("/api/v1/orders/{id}/cancel");
    let cancelled = shop.send(Method::POST, &path, Some(&reason)).await;

    assert!(cancelled.status.is_success(), "{}", cancelled.body);
    let order = shop.settled(id).await;
    assert_eq!(
        (&order["status"], &order["reason"]),
        (&json!("cancelled"), &json!("customer_request"))
    );
    shop.assert_consistent(id, "cancelled", 1, "cancelled while charging")
        .await;
}
