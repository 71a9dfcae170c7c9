//! Real senders: OpenTelemetry's own exporter over gRPC, and both encodings over HTTP as the
//! specification's example has them.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message as _;
use serde_json::json;

use super::support::{NEW_YEAR, Observatory, data, of, span};

#[tokio::test(flavor = "multi_thread")]
async fn opentelemetrys_exporter_over_grpc_is_understood() {
    let observatory = Observatory::start().await;
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(format!("http://{}", observatory.running.otlp_grpc))
        .build()
        .unwrap();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name("exporter").build())
        .build();
    let tracer = provider.tracer("test");
    let mut parent = tracer
        .span_builder("GET /orders")
        .with_kind(SpanKind::Server)
        .start(&tracer);
    parent.set_attribute(KeyValue::new("order.id", 7));
    parent.add_event("reserved", vec![KeyValue::new("units", 2)]);
    let id = parent.span_context().trace_id().to_string();
    let context = opentelemetry::Context::current_with_span(parent);
    let mut child = tracer.start_with_context("charge", &context);
    child.set_status(Status::error("declined"));
    child.end();
    context.span().end();
    tokio::task::spawn_blocking(move || provider.shutdown())
        .await
        .unwrap()
        .unwrap();

    let trace = observatory.known(&format!("/api/traces/{id}")).await;
    let spans = trace["data"][0]["spans"].as_array().unwrap();
    assert_eq!(spans.len(), 2, "{trace}");
    let child = spans
        .iter()
        .find(|it| it["operationName"] == "charge")
        .unwrap();
    let parent = spans
        .iter()
        .find(|it| it["operationName"] == "GET /orders")
        .unwrap();
    assert_eq!(child["references"][0]["spanID"], parent["spanID"]);
    assert_eq!(
        trace["data"][0]["processes"]["p1"]["serviceName"],
        "exporter"
    );
    assert_eq!(observatory.requests("grpc", "ok").await, 1);
}

#[tokio::test]
async fn protobuf_plain_and_packed_is_stored_and_answered_in_protobuf() {
    let observatory = Observatory::start().await;
    let answer = observatory
        .send(&data(vec![of("a", vec![span(1, 1, 0, 0, 5)])]))
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
    assert!(answer.bytes().await.unwrap().is_empty());

    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let second = data(vec![of("a", vec![span(1, 2, 1, 1, 3)])]);
    packer.write_all(&second.encode_to_vec()).unwrap();
    let url = format!("http://{}/v1/traces", observatory.running.otlp_http);
    let packed = observatory
        .http
        .post(url)
        .header("content-type", "application/x-protobuf")
        .header("content-encoding", "gzip")
        .body(packer.finish().unwrap());
    assert_eq!(packed.send().await.unwrap().status(), 200);
    let trace = observatory.known("/api/v3/traces/1").await;
    let spans = &trace["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!(spans.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn json_as_the_specification_writes_it_comes_back_as_it_was_sent() {
    let observatory = Observatory::start().await;
    let sent = json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "my.service" } }] },
        "scopeSpans": [{
            "scope": { "name": "my.library", "version": "1.0.0", "attributes": [
                { "key": "my.scope.attribute", "value": { "stringValue": "some scope attribute" } }] },
            "spans": [{
                "traceId": "5b8efff798038103d269b633813fc60c",
                "spanId": "eee19b7ec3c1b174",
                "parentSpanId": "eee19b7ec3c1b173",
                "name": "I'm a server span",
                "startTimeUnixNano": NEW_YEAR.to_string(),
                "endTimeUnixNano": (NEW_YEAR + 1_000).to_string(),
                "kind": 2,
                "attributes": [
                    { "key": "s", "value": { "stringValue": "some value" } },
                    { "key": "i", "value": { "intValue": "-3" } },
                    { "key": "d", "value": { "doubleValue": 1.5 } },
                    { "key": "n", "value": { "doubleValue": "NaN" } },
                    { "key": "b", "value": { "boolValue": true } },
                    { "key": "x", "value": { "bytesValue": "AAEC" } },
                    { "key": "l", "value": { "arrayValue": { "values": [{ "intValue": "1" }, { "stringValue": "2" }] } } },
                    { "key": "m", "value": { "kvlistValue": { "values": [{ "key": "k", "value": { "stringValue": "v" } }] } } },
                    { "key": "e", "value": {} },
                ],
                "events": [{ "timeUnixNano": NEW_YEAR.to_string(), "name": "event" }],
                "links": [{ "traceId": "5b8efff798038103d269b633813fc60d", "spanId": "eee19b7ec3c1b175" }],
                "status": { "message": "no", "code": 2 },
            }],
        }],
    }]});
    let body = sent.to_string().into_bytes();
    let answer = observatory
        .post("/v1/traces", "application/json; charset=utf-8", body)
        .await;
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap()),
        (200, "{}".to_owned())
    );
    let known = observatory
        .known("/api/v3/traces/5B8EFFF798038103D269B633813FC60C")
        .await;
    assert_eq!(known["result"], sent);
}

#[tokio::test]
async fn numbers_for_64_bit_integers_and_unknown_fields_are_read_too() {
    let observatory = Observatory::start().await;
    let sent = json!({ "new": [1], "resourceSpans": [{ "schemaUrl": "x", "scopeSpans": [{ "spans": [{
        "traceId": "0000000000000000000000000000000a", "spanId": "000000000000000b", "name": "n", "later": {},
        "startTimeUnixNano": NEW_YEAR, "endTimeUnixNano": NEW_YEAR + 1,
        "attributes": [{ "key": "i", "value": { "intValue": 5, "newValue": 1 } }],
    }]}]}]});
    let body = sent.to_string().into_bytes();
    let answer = observatory
        .post("/v1/traces", "application/json", body)
        .await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let known = observatory.known("/api/v3/traces/a").await;
    let span = &known["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["attributes"][0]["value"]["intValue"], "5");
    let services = observatory.known("/api/v3/services").await;
    assert_eq!(services, json!({ "services": ["unknown_service"] }));
}

#[tokio::test]
async fn a_span_that_is_refused_is_said_in_the_answer() {
    let observatory = Observatory::start().await;
    let mut nameless = span(1, 1, 0, 0, 1);
    nameless.span_id.clear();
    let sent = data(vec![of("a", vec![nameless, span(1, 2, 0, 0, 1)])]);
    let body = serde_json::to_vec(&sent).unwrap();
    let answer = observatory
        .post("/v1/traces", "application/json", body)
        .await;
    assert_eq!(answer.status(), 200);
    let answer: serde_json::Value = answer.json().await.unwrap();
    let partial = &answer["partialSuccess"];
    assert_eq!(partial["rejectedSpans"], "1", "{answer}");
    let said = partial["errorMessage"].as_str().unwrap();
    assert!(said.starts_with("1 without a valid id"), "{said}");
}
