//! Events reach the merchant, signed, at least once.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use chassis::testing::wait_for;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    paypal::Paypal,
    support::{LIMIT, Psp, WEBHOOK_SECRET},
};

/// A merchant that refuses the first deliveries.
#[derive(Clone, Default)]
struct Receiver {
    refusals: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<(HeaderMap, String)>>>,
}

impl Receiver {
    async fn listen(refusals: usize) -> (Self, String) {
        let receiver = Self {
            refusals: Arc::new(refusals.into()),
            ..Self::default()
        };
        let router = Router::new()
            .route("/hooks/psp", post(receive))
            .with_state(receiver.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let url = format!("http://{}/hooks/psp", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn seen(&self) -> Vec<(HeaderMap, String)> {
        self.seen.lock().expect("no panic while held").clone()
    }

    fn types(&self) -> BTreeSet<String> {
        let name = |event: &Value| event.get("type").or(event.get("event_type")).cloned();
        self.seen()
            .iter()
            .filter_map(|(_, body)| name(&serde_json::from_str(body).expect("events are JSON")))
            .map(|name| name.as_str().expect("types are texts").to_owned())
            .collect()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    receiver
        .seen
        .lock()
        .expect("no panic while held")
        .push((headers, body));
    let refuse = |left: usize| left.checked_sub(1);
    match receiver
        .refusals
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse)
    {
        Ok(_) => StatusCode::INTERNAL_SERVER_ERROR,
        Err(_) => StatusCode::OK,
    }
}

async fn open_deliveries(psp: &Psp) -> i64 {
    let sql = "SELECT count(*) FROM webhook_deliveries WHERE delivered_at IS NULL AND abandoned_at IS NULL";
    sqlx::query_scalar(sql)
        .fetch_one(&psp.db.pool)
        .await
        .expect("the database answers")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().expect("headers are text")
}

#[tokio::test]
async fn each_change_of_a_payment_is_told_in_its_providers_words() {
    let (receiver, url) = Receiver::listen(0).await;
    let psp = Psp::start_with(&[("WEBHOOK_URL", &url)]).await;
    let paypal = Paypal::of(&psp).await;
    let paid = psp.charge("tok_visa", "1000", "o-1").await.ok();
    psp.post("/v1/refunds", &[("payment_intent", paid.text("/id"))])
        .await
        .ok();
    let declined = psp.charge("tok_chargeDeclined", "1000", "o-1").await;
    let intent = declined.text("/error/payment_intent/id");
    psp.post(&format!("/v1/payment_intents/{intent}/cancel"), &[])
        .await
        .ok();
    let order = paypal.paid_order("10.00", "o-2").await;
    let capture = order.text("/purchase_units/0/payments/captures/0/id");
    paypal
        .post(
            &format!("/v2/payments/captures/{capture}/refund"),
            None,
            &json!({}),
        )
        .await
        .ok();
    let order = paypal.order("10.00", "o-3").await.ok();
    let source = json!({"payment_source": {"token": {"id": "tok_chargeDeclined"}}});
    paypal
        .post(
            &format!("/v2/checkout/orders/{}/capture", order.text("/id")),
            None,
            &source,
        )
        .await;

    wait_for(LIMIT, async || receiver.types().len() == 7).await;
    let expected = [
        "PAYMENT.CAPTURE.COMPLETED",
        "PAYMENT.CAPTURE.DENIED",
        "PAYMENT.CAPTURE.REFUNDED",
        "charge.refunded",
        "payment_intent.canceled",
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    ];
    assert_eq!(receiver.types(), expected.map(str::to_owned).into());
    wait_for(LIMIT, async || open_deliveries(&psp).await == 0).await;
}

#[tokio::test]
async fn signatures_verify_with_the_shared_secret() {
    let (receiver, url) = Receiver::listen(0).await;
    let psp = Psp::start_with(&[("WEBHOOK_URL", &url)]).await;
    psp.charge("tok_visa", "1000", "o-1").await.ok();
    Paypal::of(&psp).await.paid_order("10.00", "o-2").await;
    wait_for(LIMIT, async || receiver.seen().len() == 2).await;
    for (headers, body) in receiver.seen() {
        if let Some(signature) = headers.get("stripe-signature") {
            let signature = signature.to_str().unwrap();
            let (time, _) = signature
                .strip_prefix("t=")
                .unwrap()
                .split_once(',')
                .unwrap();
            let time: i64 = time.parse().unwrap();
            assert!((chrono::Utc::now().timestamp() - time).abs() < 60);
            assert_eq!(
                psp::signature::stripe_header(WEBHOOK_SECRET, time, &body),
                signature
            );
            assert_ne!(
                psp::signature::stripe_header("other", time, &body),
                signature
            );
            let event: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(event["data"]["object"]["metadata"]["order_id"], "o-1");
        } else {
            let (id, time) = ("paypal-transmission-id", "paypal-transmission-time");
            let (id, time) = (text(&headers, id), text(&headers, time));
            let expected = psp::signature::paypal_header(WEBHOOK_SECRET, id, time, &body);
            assert_eq!(text(&headers, "paypal-transmission-sig"), expected);
            let event: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(event["resource"]["custom_id"], "o-2");
        }
    }
}

#[tokio::test]
async fn a_refused_delivery_comes_again_as_the_same_event() {
    let (receiver, url) = Receiver::listen(2).await;
    let settings = [
        ("WEBHOOK_URL", url.as_str()),
        ("WEBHOOK_RETRY_BASE_MS", "20"),
    ];
    let psp = Psp::start_with(&settings).await;
    psp.charge("tok_visa", "1000", "o-1").await.ok();
    wait_for(LIMIT, async || open_deliveries(&psp).await == 0).await;
    let bodies: Vec<_> = receiver.seen().into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}

#[tokio::test]
async fn a_receiver_that_is_away_is_given_up_after_the_limit() {
    let settings = [
        ("WEBHOOK_URL", "http://127.0.0.1:9/"),
        ("WEBHOOK_RETRY_BASE_MS", "1"),
        ("WEBHOOK_ATTEMPTS_MAX", "3"),
    ];
    let psp = Psp::start_with(&settings).await;
    psp.charge("tok_visa", "1000", "o-1").await.ok();
    wait_for(LIMIT, async || open_deliveries(&psp).await == 0).await;
    let (attempts, abandoned, error): (i32, bool, String) = sqlx::query_as(
        "SELECT attempts, abandoned_at IS NOT NULL, last_error FROM webhook_deliveries",
    )
    .fetch_one(&psp.db.pool)
    .await
    .unwrap();
    assert_eq!((attempts, abandoned), (3, true));
    assert!(error.contains("connect"), "{error}");
    assert_eq!(
        psp.get("/v1/events").await.ok().text("/data/0/type"),
        "payment_intent.succeeded"
    );
}
