//! The store as it is told apart from outside: what was put in comes out, what was pushed out is
//! gone, and the bytes that it says it takes are those of what is there.

use proptest::prelude::*;

use super::*;
use crate::wire::{AnyValue, KeyValue, Resource, Span as WireSpan, Value};

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::String(value.to_owned())),
        }),
    }
}

fn span(trace: u128, id: u64, note: &str) -> WireSpan {
    WireSpan {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        name: format!("operation {}", id % 7),
        kind: 2,
        start_time_unix_nano: 1_000 + id,
        end_time_unix_nano: 2_000 + id,
        attributes: vec![text("note", note), text("http.request.method", "GET")],
        ..WireSpan::default()
    }
}

fn sent(service: &str, spans: Vec<WireSpan>) -> TracesData {
    TracesData {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", service)],
                dropped_attributes_count: 0,
            }),
            scope_spans: vec![ScopeSpans { scope: None, spans }],
        }],
    }
}

fn id(trace: u128) -> TraceId {
    TraceId::from_bytes(&trace.to_be_bytes()).expect("not zero")
}

/// What it takes, counted anew from what is there.
fn recounted(traces: &Traces) -> usize {
    let of_trace = |trace: &Trace| {
        let owned: usize = trace.spans.iter().map(Span::heap).sum();
        owned + room(&trace.spans)
    };
    traces.traces.values().map(of_trace).sum()
}

#[test]
fn a_trace_comes_out_as_it_went_in() {
    let mut traces = Traces::new(1 << 20);
    let mut whole = span(1, 1, "a");
    whole.events.push(wire::Event {
        name: "exception".into(),
        attributes: vec![text("exception.type", "Timeout")],
        ..wire::Event::default()
    });
    whole.links.push(wire::Link {
        trace_id: 7_u128.to_be_bytes().to_vec(),
        span_id: 8_u64.to_be_bytes().to_vec(),
        ..wire::Link::default()
    });
    whole.status = Some(wire::Status {
        message: "no answer".into(),
        code: wire::STATUS_ERROR,
    });
    let data = sent("order", vec![whole, span(1, 2, "b")]);
    traces.insert(data.clone());
    assert_eq!(traces.get(id(1)), Some(data));
    assert_eq!(traces.get(id(2)), None);
}

#[test]
fn an_export_that_is_repeated_is_stored_once() {
    let mut traces = Traces::new(1 << 20);
    traces.insert(sent("order", vec![span(1, 1, "a")]));
    let before = traces.bytes();
    let again = traces.insert(sent("order", vec![span(1, 1, "a")]));
    assert_eq!((again.duplicate, again.stored, again.rejected()), (1, 0, 0));
    assert_eq!((traces.span_count(), traces.bytes()), (1, before));
}

#[test]
fn ids_that_are_no_ids_are_refused() {
    let mut traces = Traces::new(1 << 20);
    let mut short = span(1, 1, "a");
    short.trace_id.pop();
    let outcome = traces.insert(sent("order", vec![short, span(0, 1, "a"), span(1, 0, "a")]));
    assert_eq!((outcome.invalid, outcome.stored), (3, 0));
    assert_eq!(traces.traces.len(), 0);
}

#[test]
fn the_oldest_traces_go_first_and_whole_and_do_not_come_back() {
    let mut traces = Traces::new(1 << 20);
    let mut outcome = SpanOutcome::default();
    let mut last = 0;
    while outcome.evicted_traces == 0 {
        last += 1;
        let spans = (1..=10)
            .map(|n| span(last, n, &format!("{last}-{n}")))
            .collect();
        outcome = traces.insert(sent("order", spans));
    }
    assert_eq!(outcome.evicted_spans, 10 * outcome.evicted_traces);
    assert_eq!(traces.get(id(1)), None);
    assert!(traces.get(id(last)).is_some());

    let late = traces.insert(sent("order", vec![span(1, 11, "late")]));
    assert_eq!((late.late, late.rejected()), (1, 1));
    assert_eq!(traces.get(id(1)), None);
}

#[test]
fn a_trace_without_end_does_not_push_the_others_out() {
    let mut traces = Traces::new(1 << 20);
    traces.insert(sent("order", vec![span(1, 1, "first")]));
    let endless = (1..20_000).map(|n| span(2, n, &n.to_string())).collect();
    let outcome = traces.insert(sent("order", endless));
    assert!(outcome.oversized > 0, "{outcome:?}");
    assert_eq!(outcome.evicted_traces, 0);
    assert!(traces.get(id(1)).is_some());
}

#[test]
fn services_and_operations_go_with_their_last_span() {
    let mut traces = Traces::new(400_000);
    traces.insert(sent("gone", vec![span(1, 1, "a")]));
    assert!(traces.services().contains("gone"));
    let mut next = 2;
    while traces.get(id(1)).is_some() {
        traces.insert(sent("stays", vec![span(next, 1, &next.to_string())]));
        next += 1;
    }
    assert_eq!(Vec::from_iter(traces.services()), ["stays"]);
    assert!(traces.operations("gone").is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_bytes_it_says_are_those_of_what_is_there(
        batches in prop::collection::vec(
            (1_u128..60, prop::collection::vec((1_u64..40, "[a-c]{0,3}|[a-z]{200,900}"), 1..20)),
            1..80,
        )
    ) {
        let mut traces = Traces::new(120_000);
        for (trace, spans) in batches {
            let spans = spans.iter().map(|(n, note)| span(trace, *n, note)).collect();
            traces.insert(sent(&format!("service {}", trace % 5), spans));
            prop_assert!(traces.bytes() <= 120_000);
            prop_assert_eq!(traces.heap, recounted(&traces));
            let spans: usize = traces.traces.values().map(|trace| trace.spans.len()).sum();
            prop_assert_eq!(traces.spans, spans);
            prop_assert_eq!(traces.oldest_first.len(), traces.traces.len());
            let counted: u32 = traces.operations.values().sum();
            prop_assert_eq!(counted as usize, spans);
        }
        // With the last trace everything goes: a string that is still held has been forgotten.
        traces.bytes_max = 0;
        traces.make_room(&mut SpanOutcome::default());
        prop_assert_eq!(traces.heap, 0);
        prop_assert_eq!(traces.strings.len(), 0);
    }
}
