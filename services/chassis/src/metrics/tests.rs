//! The registry as a whole: names, both expositions, and that labels stay bounded.

use std::collections::BTreeSet;

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};

use super::*;
use crate::testing::scrape::{Sample, Scrape};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Runs the work as a part of a trace.
fn traced<T>(sampled: bool, work: impl FnOnce() -> T) -> T {
    let span = SpanContext::new(
        TraceId::from_hex(TRACE).unwrap(),
        SpanId::from_hex("00f067aa0ba902b7").unwrap(),
        TraceFlags::default().with_sampled(sampled),
        true,
        TraceState::default(),
    );
    let _entered = Context::new().with_remote_span_context(span).attach();
    work()
}

#[test]
fn names_carry_their_unit_and_stand_once() {
    let names: BTreeSet<_> = names::ALL.iter().map(|spec| spec.name).collect();
    assert_eq!(names.len(), names::ALL.len());
    for spec in names::ALL {
        assert!(spec.help.ends_with('.'), "{spec:?}");
        for abbreviated in ["_ms", "_sec", "_millis", "_mb"] {
            assert!(!spec.name.ends_with(abbreviated), "{spec:?}");
        }
    }
}

#[test]
fn a_bucket_edge_stands_on_the_slo() {
    assert!(SECONDS.contains(&0.1));
}

#[test]
fn both_formats_say_the_same_of_odd_values_too() {
    let metrics = Metrics::new("order");
    let odd = "a \"quoted\" back\\slash\nand a second line";
    metrics.outbox_published.with_label_values(&[odd]).inc_by(3);
    metrics.outbox_pending.with_label_values(&[odd]).set(-2);
    traced(true, || metrics.db_operation(odd, Duration::from_secs(1)));
    let breaker = CircuitBreaker::new(resilience::BreakerConfig::default());
    let _watch = metrics.watch_edge(odd, breaker, None);

    let text = Scrape::parse(&metrics.expose(Exposition::Text));
    let open = Scrape::parse(&metrics.expose(Exposition::OpenMetrics));

    let labels = [("topic", odd), ("service", "order")];
    assert_eq!(open.value("outbox_published_total", &labels), 3.0);
    let without_exemplars = |scrape: &Scrape| -> Vec<Sample> {
        // What the process collector reads may change between two scrapes.
        let lasting = scrape
            .samples
            .iter()
            .filter(|sample| !sample.name.starts_with("process_"));
        let plain = |sample: &Sample| Sample {
            exemplar: None,
            ..sample.clone()
        };
        lasting.map(plain).collect()
    };
    assert_eq!(without_exemplars(&text), without_exemplars(&open));
    assert_eq!(text.types["outbox_published_total"], "counter");
    assert_eq!(open.types["outbox_published"], "counter");
}

#[test]
fn openmetrics_marks_its_end_and_writes_edges_as_numbers_with_a_point() {
    let metrics = Metrics::new("t");
    metrics.db_operation("SELECT a", Duration::ZERO);
    let open = metrics.expose(Exposition::OpenMetrics);
    assert!(open.ends_with("\n# EOF\n"), "{open}");
    assert!(open.contains("# UNIT db_client_operation_duration_seconds seconds\n"));
    assert!(
        open.contains(r#"le="1.0""#) && open.contains(r#"le="0.1""#),
        "{open}"
    );
}

#[test]
fn a_bucket_tells_the_trace_of_its_last_sampled_observation() {
    let metrics = Metrics::new("t");
    traced(true, || {
        metrics.db_operation("SELECT a", Duration::from_millis(80))
    });
    traced(false, || {
        metrics.db_operation("SELECT a", Duration::from_millis(90))
    });
    metrics.db_operation("SELECT a", Duration::from_millis(3));
    let open = metrics.expose(Exposition::OpenMetrics);
    let examples: Vec<_> = open.lines().filter(|line| line.contains(" # {")).collect();
    let [line] = examples[..] else {
        panic!("{examples:?}")
    };
    assert!(line.contains(r#"le="0.1""#), "{line}");
    assert!(line.contains(&format!(r#"trace_id="{TRACE}""#)), "{line}");
    assert!(line.contains("} 0.08 "), "{line}");
    assert!(!metrics.render().contains(TRACE), "0.0.4 knows no examples");
}

#[test]
fn recording_from_many_threads_loses_no_observation() {
    let metrics = Metrics::new("t");
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let metrics = &metrics;
            scope.spawn(move || {
                for n in 0..5_000 {
                    let took = Duration::from_micros(n * thread);
                    traced(true, || metrics.db_operation("SELECT a", took));
                }
            });
        }
    });
    let scrape = Scrape::parse(&metrics.render());
    let counted = scrape.value("db_client_operation_duration_seconds_count", &[]);
    assert_eq!(counted, 20_000.0);
}

#[test]
fn a_method_that_somebody_made_up_is_no_label() {
    assert_eq!(method_label(&Method::PATCH), "PATCH");
    assert_eq!(
        method_label(&Method::from_bytes(b"BREW").unwrap()),
        "_OTHER"
    );
}
