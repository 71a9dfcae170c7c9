//! Events of the providers: believed only when signed, applied once, and never more than a hint.

use chassis::testing::{self, auth::TestAuth, free_addr, wait_for};
use chrono::Utc;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{
    Answer, LIMIT, PATIENT, Shop, WEBHOOK_SECRET, asked, environment, ledger::Ledger, send,
    start_psp, wire::Mode,
};

fn succeeded(event: &str, payment: Uuid, cents: i64) -> Value {
    json!({ "id": event, "type": "payment_intent.succeeded", "data": { "object": {
        "id": "pi_1", "status": "succeeded", "amount_received": cents, "currency": "eur",
        "metadata": { "payment_id": payment } } } })
}

fn failed(event: &str, payment: Uuid) -> Value {
    json!({ "id": event, "type": "payment_intent.payment_failed", "data": { "object": {
        "id": "pi_1", "status": "requires_payment_method", "amount_received": 0, "currency": "eur",
        "last_payment_error": { "type": "card_error", "code": "expired_card" },
        "metadata": { "payment_id": payment } } } })
}

async fn deliver(shop: &Shop, event: &Value) -> Answer {
    deliver_signed_at(shop, event, Utc::now().timestamp()).await
}

async fn deliver_signed_at(shop: &Shop, event: &Value, time: i64) -> Answer {
    let payload = event.to_string();
    let signature = psp::signature::stripe_header(WEBHOOK_SECRET, time, &payload);
    let request = shop.webhook();
    send(request.header("stripe-signature", signature).body(payload)).await
}

async fn pending(shop: &Shop) -> (Uuid, Uuid) {
    let order = Uuid::now_v7();
    let payment = shop.pay(order, "tok_visa").await;
    assert_eq!(payment.state(), (202, "pending"));
    (order, payment.id())
}

#[tokio::test]
async fn an_event_settles_a_pending_payment_once() {
    let shop = Shop::open_with(&PATIENT).await;
    shop.stripe.set(Mode::LosesAnswers).await;
    let (order, payment) = pending(&shop).await;
    let event = succeeded("evt_1", payment, 1999);
    let first = deliver(&shop, &event).await;
    assert_eq!(
        (first.status.as_u16(), &first.body["outcome"]),
        (200, &json!("ended"))
    );
    assert_eq!(shop.of_order(order).await.state().1, "captured");
    for same_news in [event, succeeded("evt_2", payment, 1999)] {
        assert_eq!(deliver(&shop, &same_news).await.body["outcome"], "ignored");
    }
    assert_eq!(
        shop.event_types(payment).await,
        ["PaymentCreated", "PaymentCompleted"]
    );
    shop.close().await;
}

#[tokio::test]
async fn an_event_that_makes_the_reconciler_ask_does_so_once() {
    let shop = Shop::open().await;
    let paid = shop.pay(Uuid::now_v7(), "tok_visa").await;
    let event = json!({ "id": "evt_1", "type": "charge.refunded", "data": { "object": {
        "metadata": { "payment_id": paid.id() } } } });
    assert_eq!(deliver(&shop, &event).await.body["outcome"], "nudged");
    assert_eq!(deliver(&shop, &event).await.body["outcome"], "duplicate");
    shop.close().await;
}

#[tokio::test]
async fn an_event_never_moves_a_payment_backwards() {
    let shop = Shop::open().await;
    let paid = shop.pay(Uuid::now_v7(), "tok_visa").await;
    let late = deliver(&shop, &failed("evt_1", paid.id())).await;
    assert_eq!(
        (late.status.as_u16(), &late.body["outcome"]),
        (200, &json!("ignored"))
    );
    let declined = shop.pay(Uuid::now_v7(), "tok_chargeDeclined").await;
    deliver(&shop, &succeeded("evt_2", declined.id(), 1999)).await;
    let read = shop
        .of_order(declined.body["order_id"].as_str().unwrap().parse().unwrap())
        .await;
    assert_eq!(read.state().1, "declined");
    let contradictions = shop.metric(
        "payment_anomalies_total",
        &[("kind", "provider_contradicts")],
    );
    assert!(
        (contradictions - 2.0).abs() < f64::EPSILON,
        "{contradictions}"
    );
    shop.close().await;
}

#[tokio::test]
async fn an_event_about_another_amount_is_not_taken_for_ours() {
    let shop = Shop::open_with(&PATIENT).await;
    shop.stripe.set(Mode::LosesQuestions).await;
    let (order, payment) = pending(&shop).await;
    deliver(&shop, &succeeded("evt_1", payment, 1)).await;
    assert_eq!(shop.of_order(order).await.state().1, "pending");
    assert!(
        shop.metric(
            "payment_anomalies_total",
            &[("kind", "captured_another_amount")]
        ) > 0.0
    );
    shop.close().await;
}

#[tokio::test]
async fn events_that_concern_nobody_are_accepted_and_ignored() {
    let shop = Shop::open().await;
    let novel = json!({ "id": "evt_1", "type": "invoice.paid", "data": { "object": {} } });
    for event in [succeeded("evt_2", Uuid::now_v7(), 1999), novel] {
        let answer = deliver(&shop, &event).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body["outcome"]),
            (200, &json!("ignored"))
        );
    }
    shop.close().await;
}

#[tokio::test]
async fn what_is_not_signed_in_time_by_the_provider_is_refused() {
    let shop = Shop::open_with(&PATIENT).await;
    shop.stripe.set(Mode::LosesAnswers).await;
    let (order, payment) = pending(&shop).await;
    let (event, now) = (succeeded("evt_1", payment, 1999), Utc::now().timestamp());
    let old = deliver_signed_at(&shop, &event, now - 301).await;
    assert_eq!(old.problem(), (401, "webhook_signature_invalid"));
    let payload = event.to_string();
    let good = psp::signature::stripe_header(WEBHOOK_SECRET, now, &payload);
    let foreign = psp::signature::stripe_header("another secret", now, &payload);
    for (signature, body) in [
        (foreign.as_str(), payload.as_str()),
        (good.as_str(), r#"{"id":"evt_1"}"#),
        ("t=1,v1=00", payload.as_str()),
        ("nonsense", payload.as_str()),
    ] {
        let request = shop.webhook();
        let request = request
            .header("stripe-signature", signature)
            .body(body.to_owned());
        assert_eq!(
            send(request).await.problem(),
            (401, "webhook_signature_invalid"),
            "{signature}"
        );
    }
    let unsigned = shop.webhook().body(payload);
    assert_eq!(
        send(unsigned).await.problem(),
        (401, "webhook_signature_invalid")
    );
    assert_eq!(shop.of_order(order).await.state().1, "pending");
    let counted = shop.metric("payment_webhooks_total", &[("outcome", "bad_signature")]);
    assert!((counted - 6.0).abs() < f64::EPSILON, "{counted}");
    shop.stripe.set(Mode::Whole).await;
    shop.confirm(payment).await;
    shop.close().await;
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_refused() {
    let shop = Shop::open().await;
    for body in [json!([]), json!({}), json!({ "id": 7 }), json!("text")] {
        assert_eq!(
            deliver(&shop, &body).await.problem(),
            (400, "webhook_malformed"),
            "{body}"
        );
    }
    let large = "x".repeat(2 * 1024 * 1024);
    let request = shop.webhook().body(large);
    assert_eq!(send(request).await.problem(), (413, "body_too_large"));
    shop.close().await;
}

/// The whole way: the provider's own worker signs and delivers.
#[tokio::test]
async fn the_providers_own_deliveries_settle_payments_of_both_providers() {
    let (db, auth) = (
        testing::database(&payment::store::MIGRATOR).await,
        TestAuth::start().await,
    );
    let psp_db = testing::database(&psp::MIGRATOR).await;
    let addr = free_addr().to_string();
    let hook = format!("http://{addr}/webhooks/psp");
    let psp = start_psp(
        &psp_db,
        &[("WEBHOOK_URL", &hook), ("WEBHOOK_RETRY_BASE_MS", "20")],
    )
    .await;
    let mut env = environment(&auth, &db, &psp.url(), &psp.url());
    env.extend(crate::support::own(&PATIENT));
    env.push(("SERVICE_HTTP_ADDR".to_owned(), addr.clone()));
    let env = chassis::config::Env::from_pairs(env);
    let running = chassis::service::start("payment", env, payment::app::build)
        .await
        .unwrap();
    let client = reqwest::Client::new();
    for (provider, token, status) in [
        ("stripe", "tok_visa_captureThenHang", "captured"),
        ("stripe", "tok_visa_hangThenNothing", "declined"),
        ("paypal", "tok_visa_captureThenHang", "captured"),
        ("paypal", "tok_visa_hangThenNothing", "declined"),
    ] {
        let order = Uuid::now_v7();
        let method = json!({ "token": token, "provider": provider });
        let request = client
            .post(format!("http://{addr}/api/v1/payments"))
            .bearer_auth(auth.service_token("order"))
            .header("idempotency-key", order.to_string())
            .json(&asked(order, method));
        let answer = send(request).await;
        assert!(
            matches!(answer.status.as_u16(), 201 | 202),
            "{provider} {token}: {answer:?}"
        );
        wait_for(LIMIT, async || {
            let found: String =
                sqlx::query_scalar("SELECT status FROM payments WHERE order_id = $1")
                    .bind(order)
                    .fetch_one(&db.pool)
                    .await
                    .unwrap();
            found == status
        })
        .await;
    }
    crate::support::assert_books_balance(&db.pool, &Ledger::new(psp_db)).await;
    assert!(running.stop().await);
    psp.stop().await;
}
