//! What a measurement costs on the path of a request, with and without an exemplar, and what a scrape costs.

use std::{hint::black_box, time::Duration};

use chassis::metrics::{Exposition, Metrics};
use criterion::{Criterion, criterion_group, criterion_main};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};

/// About what order has: each makes 17 lines.
const STATEMENTS: u32 = 30;

fn in_a_trace(sampled: bool) -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(7),
        SpanId::from(7),
        TraceFlags::default().with_sampled(sampled),
        true,
        TraceState::default(),
    ))
}

fn metrics(c: &mut Criterion) {
    let metrics = Metrics::new("bench");
    for (name, sampled) in [("without exemplar", false), ("with exemplar", true)] {
        let _entered = in_a_trace(sampled).attach();
        c.bench_function(&format!("record a duration {name}"), |bench| {
            bench.iter(|| metrics.db_operation(black_box("SELECT orders"), MILLISECOND));
        });
    }
    let _entered = in_a_trace(true).attach();
    for statement in 0..STATEMENTS {
        metrics.db_operation(&format!("SELECT {statement}"), MILLISECOND);
    }
    for format in [Exposition::Text, Exposition::OpenMetrics] {
        c.bench_function(
            &format!("scrape {STATEMENTS} histograms as {format:?}"),
            |bench| {
                bench.iter(|| black_box(metrics.expose(format)));
            },
        );
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

criterion_group!(benches, metrics);
criterion_main!(benches);
