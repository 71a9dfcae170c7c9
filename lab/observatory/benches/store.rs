//! The two figures that the observatory is built for: spans taken in a second on one core, and the
//! time to answer a trace by id when the memory is full. One thread, no network.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use observatory::store::{Search, Store, TraceId};
use observatory::wire::{
    AnyValue, KeyValue, Resource, ResourceSpans, ScopeSpans, Span, TracesData, Value,
};
use prost::Message as _;

const MEMORY: usize = 64_000_000;
const SPANS: u64 = 512;
const SPANS_OF_A_TRACE: u64 = 32;
const MS: u64 = 1_000_000;

fn text(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::String(value)),
        }),
    }
}

/// A span as an HTTP server makes it: ten attributes, three of them different every time.
fn span(unique: u64) -> Span {
    let (trace, id) = (unique / SPANS_OF_A_TRACE + 1, unique % SPANS_OF_A_TRACE + 1);
    Span {
        trace_id: u128::from(trace).to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: (id / 2).to_be_bytes().to_vec(),
        name: format!("GET /api/v1/things/{}", id % 8),
        kind: 2,
        start_time_unix_nano: unique * MS,
        end_time_unix_nano: unique * MS + id * MS,
        attributes: vec![
            text("http.request.method", "GET".into()),
            text("http.route", format!("/api/v1/things/{}", id % 8)),
            text("http.response.status_code", "200".into()),
            text("url.scheme", "http".into()),
            text("url.path", format!("/api/v1/orders/{unique:032x}")),
            text("server.address", "127.0.0.1".into()),
            text("network.protocol.version", "1.1".into()),
            text("user_agent.original", "bench".into()),
            text("order.id", format!("{unique:036x}")),
            text("request.id", format!("r{unique:031x}")),
        ],
        ..Span::default()
    }
}

/// A request as an exporter sends it.
fn request(number: u64) -> Vec<u8> {
    let spans = (number * SPANS..(number + 1) * SPANS).map(span).collect();
    let service = format!("service-{}", number % 8);
    let of_service = ResourceSpans {
        resource: Some(Resource {
            attributes: vec![text("service.name", service)],
            dropped_attributes_count: 0,
        }),
        scope_spans: vec![ScopeSpans { scope: None, spans }],
    };
    TracesData {
        resource_spans: vec![of_service],
    }
    .encode_to_vec()
}

fn take(store: &Store, request: &[u8]) {
    let data = TracesData::decode(request).expect("just encoded");
    black_box(store.insert_spans(data));
}

/// A store whose memory is full, and the number of requests that it took.
fn full() -> (Store, u64) {
    let store = Store::new(MEMORY);
    let mut requests = 0;
    loop {
        let data = TracesData::decode(&request(requests)[..]).expect("just encoded");
        requests += 1;
        if store.insert_spans(data).evicted_traces > 0 {
            return (store, requests);
        }
    }
}

fn ingest(criterion: &mut Criterion) {
    let (store, mut next) = full();
    let mut group = criterion.benchmark_group("ingest");
    group.throughput(Throughput::Elements(SPANS));
    group.bench_function("decode and store 512 spans, memory full", |bencher| {
        let fresh = || {
            next += 1;
            request(next)
        };
        bencher.iter_batched(
            fresh,
            |request| take(&store, &request),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn queries(criterion: &mut Criterion) {
    let (store, requests) = full();
    let everything = Search {
        service: Some("service-1".into()),
        operation: None,
        attributes: vec![("order.id".into(), format!("{:036x}", requests * SPANS - 1))],
        start_min: 0,
        start_max: u64::MAX,
        duration_min: 0,
        duration_max: u64::MAX,
        limit: 20,
    };
    let last = u128::from((requests * SPANS - 1) / SPANS_OF_A_TRACE + 1);
    let last = TraceId::from_bytes(&last.to_be_bytes()).expect("not zero");
    let mut group = criterion.benchmark_group("memory full");
    group.bench_function("a trace by id, as JSON", |bencher| {
        bencher.iter(|| {
            let trace = store
                .trace(black_box(last))
                .expect("the last trace is there");
            serde_json::to_vec(&trace).expect("written")
        });
    });
    group.bench_function("a search by attribute through everything", |bencher| {
        bencher.iter(|| store.search(black_box(&everything)));
    });
    group.bench_function("dependencies of everything", |bencher| {
        bencher.iter(|| store.dependencies(0, u64::MAX));
    });
    group.finish();
}

criterion_group!(benches, ingest, queries);
criterion_main!(benches);
