//! One trace across the broker: the request that wrote an event, its sending, its processing, and the SQL within.

use chassis::{
    telemetry::{propagation::TraceContext, request::RequestContext},
    testing::{otlp::SpanSeen, telemetry::Traced, unique, wait_for},
};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tracing::{Instrument as _, info_span};
use uuid::Uuid;

use crate::support::{LIMIT, Node, database, event, write};

fn has(span: &SpanSeen, attributes: &[(&str, &str)]) {
    for (name, value) in attributes {
        let found = span.attributes.get(*name).map(String::as_str);
        assert_eq!(found, Some(*value), "{name} of {span:#?}");
    }
}

#[tokio::test]
async fn an_event_is_sent_and_processed_in_the_trace_of_whoever_wrote_it() {
    let traced = Traced::install("shop", &[]).await;
    let db = database().await;
    let (topic, group, node) = (unique("t"), unique("g"), Node::new());
    node.relay(&db.pool, topic);
    node.counter(&db.pool, group, topic);
    let request = async {
        RequestContext::note("order.id", "o-1");
        write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await
    };
    let request = request.instrument(info_span!("request"));
    let id = RequestContext::default().scope(request).await.to_string();
    // Alone, or the two might share their commit.
    wait_for(LIMIT, async || node.outcomes(group, topic, "done") == 1).await;
    // Written outside of any trace.
    write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || node.outcomes(group, topic, "done") == 2).await;
    node.stop().await;
    let said = traced.end().await.otlp;

    let send = said.span(&format!("send {topic}"));
    assert_eq!(send.kind, SpanKind::Producer);
    assert_eq!(send.parent_id, said.span("request").span_id);
    has(
        send,
        &[
            ("messaging.system", "kafka"),
            ("messaging.operation.name", "send"),
            ("messaging.operation.type", "send"),
            ("messaging.destination.name", topic),
            ("messaging.message.id", &id),
            ("cloudevents.event_type", "Counted"),
            ("order.id", "o-1"),
        ],
    );
    let name = format!("process {topic}");
    let processed = said.spans.iter().filter(|span| span.name == name);
    let (ours, others): (Vec<_>, Vec<_>) =
        processed.partition(|span| span.trace_id == send.trace_id);
    let [process] = ours[..] else {
        panic!("{ours:#?}");
    };
    assert_eq!(process.kind, SpanKind::Consumer);
    assert_eq!(process.parent_id, send.span_id);
    assert_eq!(
        process.links,
        [format!("{}-{}", send.trace_id, send.span_id)]
    );
    has(
        process,
        &[
            ("messaging.operation.type", "process"),
            ("messaging.consumer.group.name", group),
            (
                "messaging.kafka.offset",
                &send.attributes["messaging.kafka.offset"],
            ),
            ("order.id", "o-1"),
        ],
    );
    let inner: Vec<_> = said.children(process);
    let inner: Vec<_> = inner.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(inner, ["INSERT inbox", "INSERT effect", "COMMIT"]);
    assert!(
        others.iter().all(|span| span.parent_id.is_empty()),
        "a root of its own"
    );
}

#[tokio::test]
async fn the_outbox_keeps_the_whole_context_of_its_writer() {
    let traced = Traced::install("shop", &[]).await;
    let db = database().await;
    let caller = TraceContext {
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        tracestate: Some("vendor=1".to_owned()),
        baggage: Some("order.id=o-1".to_owned()),
    };
    let span = info_span!("request");
    caller.adopt(&span);
    let context = RequestContext {
        baggage: caller.baggage(),
        ..RequestContext::default()
    };
    let event = event(unique("t"), Uuid::now_v7(), 1);
    context
        .scope(write(&db.pool, &event).instrument(span))
        .await;
    let stored: (String, String, String) =
        sqlx::query_as("SELECT traceparent, tracestate, baggage FROM outbox")
            .fetch_one(&db.pool)
            .await
            .unwrap();
    let said = traced.end().await.otlp;
    let request = said.span("request");
    let traceparent = format!("00-{}-{}-01", request.trace_id, request.span_id);
    assert_eq!(
        stored,
        (
            traceparent,
            "vendor=1".to_owned(),
            "order.id=o-1".to_owned()
        )
    );
}
