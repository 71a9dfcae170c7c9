//! Money when answers get lost: the provider captures and never says so.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, eventually, shared},
};

/// What the provider's own ledger says about an order: captures, captured, refunded.
async fn ledger(lab: &Lab, order: &str) -> (i64, i64, i64) {
    let mut psp = PgConnection::connect(lab.env("AUDITOR_PSP_URL"))
        .await
        .unwrap();
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE kind = 'capture'),
                coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0)::bigint,
                coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint
         FROM ledger_entries WHERE account = 'merchant' AND order_id = $1",
    )
    .bind(order)
    .fetch_one(&mut psp)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_order_whose_capture_was_never_answered_ends_paid_exactly_once() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;

    let answer = customer
        .order(&product, 1, "tok_visa_captureThenHang")
        .await;

    assert!(
        matches!(answer.status.as_u16(), 201 | 202),
        "{}",
        answer.body
    );
    let id = answer.body["id"].as_str().unwrap();
    let path = format!("/api/v1/orders/{id}");
    eventually("the order is paid", Duration::from_secs(30), async || {
        customer.get(&path).await.expect(200)["status"] == "paid"
    })
    .await;
    assert_eq!(ledger(lab, id).await, (1, 1250, 0));
    lab.assert_balanced("after a lost reply");
}

#[tokio::test]
async fn a_call_that_hung_and_did_nothing_ends_without_a_charge() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;

    let answer = customer
        .order(&product, 1, "tok_visa_hangThenNothing")
        .await;

    let id = answer.body["id"].as_str().unwrap();
    let path = format!("/api/v1/orders/{id}");
    eventually(
        "the order has an end",
        Duration::from_secs(30),
        async || customer.get(&path).await.expect(200)["status"] != "pending",
    )
    .await;
    let order = customer.get(&path).await.expect(200);
    let (captures, captured, refunded) = ledger(lab, id).await;
    match order["status"].as_str().unwrap() {
        "paid" => assert_eq!((captures, captured, refunded), (1, 1250, 0)),
        "cancelled" => assert_eq!(captured, refunded),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn cancelling_while_the_charge_is_uncertain_keeps_nobodys_money() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    let answer = customer
        .order(&product, 1, "tok_visa_captureThenHang")
        .await;
    let id = answer.body["id"].as_str().unwrap();
    let path = format!("/api/v1/orders/{id}");

    let cancel = serde_json::json!({ "reason": "it takes too long" });
    let cancelled = customer.post(&format!("{path}/cancel"), &cancel).await;

    assert!(cancelled.status.is_success(), "{}", cancelled.body);
    eventually(
        "the order is cancelled",
        Duration::from_secs(30),
        async || customer.get(&path).await.expect(200)["status"] == "cancelled",
    )
    .await;
    let (captures, captured, refunded) = ledger(lab, id).await;
    assert!(captures <= 1);
    assert_eq!(captured, refunded);
    lab.assert_balanced("after a cancelled uncertain charge");
}
