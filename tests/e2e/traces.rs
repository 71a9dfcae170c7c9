//! One trace tells the whole story of an order: who called whom, which statements were made, which events went where.
//!
//! Each story is written out in `stories.rs`, and compared with what the observatory holds, line by line.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{
    client::{Answer, Person, product_with_stock},
    crashes::arm,
    lab::{Lab, observed},
    observatory::{Observatory, Span},
    stories::{CUT_SHORT, DECLINED, PAID, RECOVERED},
    story::tell,
};

/// Spans leave a service every second; a consumer group that has just been joined may need a few seconds for its events.
pub(crate) const TOLD_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_paid_order_is_one_trace_through_every_service_and_the_broker() {
    let lab = observed().await;
    assert_told(&lab, "tok_visa", PAID).await;
}

#[tokio::test]
async fn the_trace_of_a_declined_order_shows_the_refusal_and_the_way_back() {
    let lab = observed().await;
    assert_told(&lab, "tok_chargeDeclined", DECLINED).await;
}

#[tokio::test]
async fn an_order_that_the_recovery_worker_finishes_is_a_second_trace_linked_to_the_first() {
    let lab = observed().await;
    let product = product_with_stock(&lab, 5).await;
    let customer = Person::customer(&lab).await;
    arm(&lab, "order", "order.saga.charge.after_record").await;
    let answer = customer.order(&product, 1, "tok_visa").await;
    let first = trace_id(&answer);
    answer.expect(502);
    let id = eventually_listed(&customer).await;

    until_told(&lab, &first, CUT_SHORT, without_what_died).await;
    let second = recovery_of(&lab, &id).await;
    let spans = until_told(&lab, &second, RECOVERED, |spans| spans).await;

    let recovery = spans
        .iter()
        .find(|span| span.name == "saga recovery")
        .unwrap();
    assert_eq!(recovery.text("order.id"), Some(&*id));
    let linked: Vec<&str> = recovery.links.iter().map(|(trace, _)| &**trace).collect();
    assert_eq!(linked, [first], "the trace in which the order was placed");
    let path = format!("/api/v1/orders/{id}");
    assert_eq!(customer.get(&path).await.expect(200)["status"], "paid");
}

/// Places an order and waits until its trace tells this story, and every span of it says what it must.
async fn assert_told(lab: &Lab, token: &str, story: &str) {
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    // A service that has just started fetches the keys for tokens with the first request.
    customer.order(&product, 1, "tok_visa").await.expect(201);
    let answer = customer.order(&product, 1, token).await;
    let trace = trace_id(&answer);
    let order = answer.expect(201);
    for span in &until_told(lab, &trace, story, |spans| spans).await {
        assert_described(span, &order);
    }
}

/// The spans of those who lived on. Of the dead process those are there that left in time, which is chance.
fn without_what_died(spans: Vec<Span>) -> Vec<Span> {
    spans
        .into_iter()
        .filter(|span| span.service != "order")
        .collect()
}

/// The id of a customer's only order. The service that knows it has just died.
async fn eventually_listed(customer: &Person) -> String {
    let give_up = Instant::now() + TOLD_WITHIN;
    loop {
        let listed = customer.get("/api/v1/orders").await;
        if let Some(id) = listed.body["items"][0]["id"].as_str() {
            return id.to_owned();
        }
        assert!(Instant::now() < give_up, "{}", listed.body);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The trace in which an order was finished.
async fn recovery_of(lab: &Lab, order: &str) -> String {
    let observatory = Observatory::of(lab);
    let give_up = Instant::now() + TOLD_WITHIN;
    loop {
        let found = observatory
            .traces_of_order("order", "saga recovery", order)
            .await;
        if let [trace] = found.as_slice() {
            return trace.clone();
        }
        assert!(found.is_empty() && Instant::now() < give_up, "{found:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Waits until as much of a trace as `part` leaves tells this story.
pub(crate) async fn until_told(
    lab: &Lab,
    trace: &str,
    story: &str,
    part: impl Fn(Vec<Span>) -> Vec<Span>,
) -> Vec<Span> {
    let observatory = Observatory::of(lab);
    let give_up = Instant::now() + TOLD_WITHIN;
    loop {
        let spans = part(observatory.trace(trace).await);
        let told = tell(&spans);
        if told == story {
            return spans;
        }
        if Instant::now() > give_up {
            assert_eq!(told, story, "trace {trace} tells:\n{told}\n");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The trace that an answer names.
pub(crate) fn trace_id(answer: &Answer) -> String {
    answer.headers["x-trace-id"].to_str().unwrap().to_owned()
}

/// What the semantic conventions ask of every span, and what makes it findable by its order.
fn assert_described(span: &Span, order: &Value) {
    let (texts, integers): (&[&str], &[&str]) = match span.kind {
        "CLIENT" if span.is_statement() => (
            &["db.query.summary", "db.query.text", "db.namespace"],
            &["db.response.returned_rows"],
        ),
        "CLIENT" => (
            &[
                "http.request.method",
                "url.full",
                "server.address",
                "service.peer.name",
                "faultline.breaker.state",
            ],
            &["http.response.status_code", "server.port"],
        ),
        "SERVER" => (
            &[
                "http.request.method",
                "http.route",
                "url.path",
                "url.scheme",
            ],
            &["http.response.status_code"],
        ),
        "PRODUCER" | "CONSUMER" => (
            &[
                "messaging.system",
                "messaging.operation.name",
                "messaging.operation.type",
                "messaging.destination.name",
                "messaging.destination.partition.id",
                "messaging.message.id",
                "messaging.kafka.message.key",
            ],
            &["messaging.kafka.offset"],
        ),
        "INTERNAL" if span.name == "order saga" => {
            (&["saga.state", "order.id", "user.id"], &["saga.attempt"])
        }
        _ => (&["saga.step", "saga.outcome"], &[]),
    };
    for name in texts {
        assert!(
            span.text(name).is_some_and(|it| !it.is_empty()),
            "{name} is missing: {span:#?}"
        );
    }
    for name in integers {
        assert!(span.integer(name).is_some(), "{name} is missing: {span:#?}");
    }
    for name in [
        "service.namespace",
        "service.version",
        "service.instance.id",
        "telemetry.sdk.language",
    ] {
        assert!(
            span.resource.contains_key(name),
            "{name} is missing: {span:#?}"
        );
    }
    assert_about(span, order);
    if span.kind == "CONSUMER" {
        let (_, sent_by) = &span.links[0];
        assert_eq!(
            sent_by, &span.parent,
            "linked to the span that sent it: {span:#?}"
        );
        assert!(
            span.text("messaging.consumer.group.name").is_some(),
            "{span:#?}"
        );
    }
}

/// Baggage reaches every service that works on the order, and does not leave the shop.
fn assert_about(span: &Span, order: &Value) {
    let entry = matches!(span.kind, "SERVER" | "PRODUCER" | "CONSUMER");
    let knows_the_order = !matches!(span.service.as_str(), "gateway" | "product" | "psp");
    if entry && knows_the_order {
        assert_eq!(span.text("order.id"), order["id"].as_str(), "{span:#?}");
    }
    if entry && span.service != "psp" {
        assert_eq!(span.text("user.id"), order["user_id"].as_str(), "{span:#?}");
    }
    if span.service == "psp" {
        assert!(
            span.text("order.id").is_none() && span.text("user.id").is_none(),
            "{span:#?}"
        );
    }
}
