//! What tracing costs on the path of a request: reading and writing the context, making a span, and pushing it into the
//! queue (sampled) or not (unsampled).

use std::hint::black_box;

use chassis::{
    config::Env,
    telemetry::{Telemetry, TelemetryConfig, propagation::TraceContext, request::RequestContext},
};
use criterion::{Criterion, criterion_group, criterion_main};
use http::HeaderMap;
use tokio::runtime::Runtime;
use tracing::info_span;

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn incoming(traceparent: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", traceparent.parse().expect("plain text"));
    let baggage = "order.id=0199f7a2-1111-7222-8333-444455556666,user.id=7";
    headers.insert("baggage", baggage.parse().expect("plain text"));
    headers
}

/// As a request does: continue the caller's trace, and call on from within.
fn span_with_call(headers: &HeaderMap) -> HeaderMap {
    let caller = TraceContext::from_http(headers);
    let span = info_span!(
        "http.server",
        otel.name = "GET /x",
        http.request.method = "GET"
    );
    caller.adopt(&span);
    let _inside = span.enter();
    let mut outgoing = HeaderMap::new();
    TraceContext::current().put(&mut outgoing);
    outgoing
}

fn telemetry(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime can be built");
    let _entered = runtime.enter();
    // An endpoint that takes nothing: the queue is full most of the time, and a push is a lock and a count.
    let env = Env::from_pairs([("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]);
    let config = TelemetryConfig::from_env(&env).expect("the variables make sense");
    let (subscriber, _telemetry) =
        Telemetry::build("bench", config, std::io::sink).expect("an exporter can be built");
    tracing::dispatcher::with_default(&subscriber, || {
        for (name, traceparent) in [("sampled", SAMPLED), ("unsampled", UNSAMPLED)] {
            let headers = incoming(traceparent);
            c.bench_function(&format!("request span, {name}"), |bench| {
                bench.iter(|| black_box(span_with_call(black_box(&headers))));
            });
        }
        let headers = incoming(SAMPLED);
        c.bench_function("context read and written", |bench| {
            bench.iter(|| {
                let mut outgoing = HeaderMap::new();
                TraceContext::from_http(black_box(&headers)).put(&mut outgoing);
                black_box(outgoing)
            });
        });
        c.bench_function("baggage read", |bench| {
            let context = TraceContext::from_http(&headers);
            bench.iter(|| {
                let baggage = black_box(&context).baggage();
                black_box(RequestContext {
                    baggage,
                    ..RequestContext::default()
                })
            });
        });
    });
}

criterion_group!(benches, telemetry);
criterion_main!(benches);
