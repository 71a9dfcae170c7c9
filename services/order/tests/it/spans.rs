//! One order as one trace: through all neighbours, with what it is about on the spans of each; and what it looks like
//! when the request did not finish it.

use chassis::testing::{
    otlp::{Seen, SpanSeen},
    telemetry::Traced,
    wait_for,
};

use crate::{
    proxy::{Fault, Rule},
    shop::{LIMIT, Shop},
};

/// The names from a span up to the root of its trace, without the calls in between, which are all named by their method.
fn way_up<'a>(seen: &'a Seen, span: &'a SpanSeen) -> Vec<&'a str> {
    let parent = |span: &SpanSeen| {
        let id = span.parent_id.clone();
        seen.spans.iter().find(|parent| parent.span_id == id)
    };
    std::iter::successors(Some(span), |span| parent(span))
        .map(|span| span.name.as_str())
        .filter(|name| name.contains(' '))
        .collect()
}

fn span<'a>(seen: &'a Seen, trace: &str, name: &str) -> &'a SpanSeen {
    let ours = |span: &&SpanSeen| span.trace_id == trace && span.name == name;
    let names = || {
        seen.spans
            .iter()
            .map(|span| &*span.name)
            .collect::<Vec<_>>()
    };
    let found = seen.spans.iter().find(ours);
    found.unwrap_or_else(|| panic!("{name} is not among {:?}", names()))
}

#[tokio::test]
async fn an_order_is_one_trace_down_to_the_provider() {
    let traced = Traced::install("shop", &[]).await;
    let shop = Shop::open(5, &[]).await;
    let order = shop.order(1, "tok_visa").await.body;
    assert_eq!(order["status"], "paid", "{order}");
    let id = order["id"].as_str().unwrap();
    let seen = traced.end().await.otlp;

    let root = seen.span("POST /api/v1/orders");
    assert_eq!(root.parent_id, "");
    assert_eq!(
        root.attributes["order.id"], id,
        "noted while it was worked on"
    );
    let request = "POST /api/v1/orders";
    for (name, above) in [
        ("INSERT outbox", &[request][..]),
        ("POST /api/v1/products/batch", &[request]),
        (
            "PUT /api/v1/inventory/reservations/{order_id}",
            &["saga reserve", "order saga", request],
        ),
        (
            "POST /api/v1/payments",
            &["saga charge", "order saga", request],
        ),
        (
            "POST /v1/payment_intents",
            &[
                "POST /api/v1/payments",
                "saga charge",
                "order saga",
                request,
            ],
        ),
        (
            "POST /api/v1/inventory/reservations/{order_id}/commit",
            &["saga commit", "order saga", request],
        ),
    ] {
        let found = span(&seen, &root.trace_id, name);
        assert_eq!(way_up(&seen, found)[1..], *above, "{name}");
    }
    for step in ["saga reserve", "saga charge", "saga commit"] {
        assert_eq!(seen.span(step).attributes["saga.outcome"], "done");
    }
    let charged = span(&seen, &root.trace_id, "POST /api/v1/payments");
    assert_eq!(charged.attributes["order.id"], id, "baggage went along");
    let outside = span(&seen, &root.trace_id, "POST /v1/payment_intents");
    assert!(
        !outside.attributes.contains_key("order.id"),
        "but not out of the shop"
    );
    let log = seen
        .logs
        .iter()
        .find(|log| log.attributes.get("order.id").is_some_and(|o| o == id));
    assert!(log.is_none_or(|log| log.trace_id == root.trace_id));
}

#[tokio::test]
async fn a_saga_that_recovery_finished_is_a_trace_linked_to_the_orders() {
    let traced = Traced::install("shop", &[]).await;
    let settings = [("SAGA_POLL_MS", "50"), ("SAGA_BACKOFF_MAX_MS", "200")];
    let shop = Shop::open(5, &settings).await;
    shop.payment.set(Rule {
        method: "POST",
        suffix: "/payments",
        fault: Fault::Refuse,
        times: 3,
    });
    let order = shop.order(1, "tok_visa").await.body;
    let id = order["id"].as_str().unwrap();
    assert_eq!(shop.settled(id).await["status"], "paid");
    let recovered = async || {
        let spans = traced.seen().spans;
        spans.iter().any(|span| span.name == "saga recovery")
    };
    wait_for(LIMIT, recovered).await;
    let seen = traced.end().await.otlp;

    let root = seen.span("POST /api/v1/orders");
    let unknown = span(&seen, &root.trace_id, "saga charge");
    assert_eq!(
        (unknown.status, &*unknown.attributes["saga.outcome"]),
        (2, "unknown")
    );
    let mut recoveries = seen
        .spans
        .iter()
        .filter(|span| span.name == "saga recovery");
    let last = recoveries.next_back().unwrap();
    assert_eq!(last.parent_id, "");
    assert_ne!(last.trace_id, root.trace_id);
    assert!(last.links[0].starts_with(&root.trace_id), "{last:#?}");
    assert_eq!(last.attributes["order.id"], id);
    let commit = span(&seen, &last.trace_id, "saga commit");
    assert_eq!(
        way_up(&seen, commit),
        ["saga commit", "order saga", "saga recovery"]
    );
}
