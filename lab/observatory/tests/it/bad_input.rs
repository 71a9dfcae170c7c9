//! What bad input gets: a reason, a counter, and nothing else.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use observatory::wire::{Span, TracesData};
use prost::Message as _;
use serde_json::json;

use super::support::{Observatory, data, of, span, text};

const MEGABYTE: usize = 1024 * 1024;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_a_reason_in_the_encoding_of_the_request() {
    const PROTOBUF: &str = "application/x-protobuf";
    const JSON: &str = "application/json";
    let bad_hex =
        json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "traceId": "xyz" }] }] }] });
    let deep = format!(r#"{{"resourceSpans":{}"#, "[".repeat(10_000)).into_bytes();
    let bomb = packed(&vec![0; 64 * MEGABYTE]);
    // Small on the wire, large in memory.
    let empty_spans = data(vec![of("a", vec![Span::default(); 100_000])]).encode_to_vec();
    let empty_spans_json = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}{{}}]}}]}}]}}"#,
        "{},".repeat(100_000)
    );
    let empty_spans_json = empty_spans_json.into_bytes();
    let table: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
        (PROTOBUF, "", b"\xff\xff\xff".to_vec(), 400, "malformed"),
        (
            PROTOBUF,
            "",
            json!({}).to_string().into_bytes(),
            400,
            "malformed",
        ),
        (JSON, "", b"{".to_vec(), 400, "malformed"),
        (JSON, "", b"[]".to_vec(), 400, "malformed"),
        (JSON, "", Vec::new(), 400, "malformed"),
        (JSON, "", deep, 400, "malformed"),
        (JSON, "", bad_hex.to_string().into_bytes(), 400, "malformed"),
        (PROTOBUF, "gzip", b"not gzip".to_vec(), 400, "malformed"),
        (
            PROTOBUF,
            "gzip",
            packed(&[1; 100])[..20].to_vec(),
            400,
            "malformed",
        ),
        (PROTOBUF, "", vec![0; 5 * MEGABYTE], 413, "oversized"),
        (PROTOBUF, "gzip", bomb, 413, "oversized"),
        (PROTOBUF, "", empty_spans, 413, "oversized"),
        (JSON, "", empty_spans_json, 413, "oversized"),
        (PROTOBUF, "br", Vec::new(), 415, "unsupported"),
        ("text/plain", "", Vec::new(), 415, "unsupported"),
    ];
    for (content_type, encoding, body, status, outcome) in table {
        let observatory = Observatory::start().await;
        let url = format!("http://{}/v1/traces", observatory.running.otlp_http);
        let mut request = observatory
            .http
            .post(url)
            .header("content-type", content_type);
        if !encoding.is_empty() {
            request = request.header("content-encoding", encoding);
        }
        let what = format!("{content_type} {encoding} {}", body.len());
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        let expected = if content_type == PROTOBUF {
            PROTOBUF
        } else {
            JSON
        };
        assert_eq!(answer.headers()["content-type"], expected, "{what}");
        let body = answer.bytes().await.unwrap();
        assert!(body.len() > 10, "{what}: no reason was given");
        assert_eq!(observatory.requests("http", outcome).await, 1, "{what}");
        // It goes on working.
        let sound = data(vec![of("a", vec![span(1, 1, 0, 0, 1)])]);
        assert_eq!(observatory.send(&sound).await.status(), 200, "{what}");
    }
}

#[tokio::test]
async fn metrics_and_other_paths_are_not_pretended_to_be_stored() {
    let observatory = Observatory::start().await;
    for path in ["/v1/metrics", "/v1/profiles", "/"] {
        let answer = observatory
            .post(path, "application/json", b"{}".to_vec())
            .await;
        assert_eq!(answer.status(), 404, "{path}");
        let body: serde_json::Value = answer.json().await.unwrap();
        assert!(
            body["message"].as_str().unwrap().contains("scraped"),
            "{body}"
        );
    }
    let url = format!("http://{}/v1/traces", observatory.running.otlp_http);
    let answer = observatory.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 405);
}

#[tokio::test]
async fn grpc_refuses_in_its_own_words() {
    let observatory = Observatory::start().await;
    let huge = data(vec![of(
        "a",
        vec![{
            let mut span = span(1, 1, 0, 0, 1);
            span.attributes.push(text("k", &"x".repeat(5 * MEGABYTE)));
            span
        }],
    )]);
    let traces = "opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let metrics = "opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    for (path, message, packed_flag, code) in [
        (traces, b"\xff\xff\xff".to_vec(), 0, "3"),
        (traces, huge.encode_to_vec(), 0, "11"),
        (traces, packed(&huge.encode_to_vec()), 1, "8"),
        (metrics, Vec::new(), 0, "12"),
    ] {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let framed = [&[packed_flag], &length[..], &message].concat();
        let http = reqwest::Client::builder()
            .no_proxy()
            .http2_prior_knowledge()
            .build()
            .unwrap();
        let request = http
            .post(format!("http://{}/{path}", observatory.running.otlp_grpc))
            .header("content-type", "application/grpc")
            .header(
                "grpc-encoding",
                if packed_flag == 1 { "gzip" } else { "identity" },
            )
            .header("te", "trailers")
            .body(framed);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(
            answer.headers()["grpc-status"],
            code,
            "{path}: {:?}",
            answer.headers()
        );
    }
    assert_eq!(observatory.requests("grpc", "malformed").await, 1);
    assert_eq!(observatory.requests("grpc", "oversized").await, 2);
}

#[tokio::test]
async fn queries_that_make_no_sense_are_refused_with_the_reason_in_jaegers_form() {
    let observatory = Observatory::start().await;
    let range = "query.startTimeMin=2026-01-01T00:00:00Z&query.startTimeMax=2026-01-02T00:00:00Z";
    let v3 = |rest: &str| format!("/api/v3/traces?{range}&{rest}");
    let table = [
        ("/api/v3/traces".to_owned(), 400, "query.startTimeMin and query.startTimeMax are required"),
        ("/api/v3/traces?query.startTimeMin=yesterday&query.startTimeMax=now".to_owned(), 400, "query.startTimeMin"),
        ("/api/v3/trace-summaries?query.startTimeMin=2026-01-02T00:00:00Z&query.startTimeMax=2026-01-01T00:00:00Z".to_owned(), 400, "time range"),
        (v3("query.searchDepth=0"), 400, "query.searchDepth"),
        (v3("query.searchDepth=-1"), 400, "query.searchDepth"),
        (v3("query.search_depth=99999999"), 400, "query.search_depth"),
        (v3("query.durationMin=long"), 400, "query.durationMin"),
        (v3("query.durationMin=2s&query.durationMax=1s"), 400, "duration"),
        (v3("query.attributes=[1]"), 400, "query.attributes"),
        (v3("query.serviceName=nobody"), 404, "No traces found"),
        ("/api/v3/traces/xyz".to_owned(), 400, "trace_id"),
        ("/api/v3/traces/0".to_owned(), 400, "trace_id"),
        ("/api/v3/traces/abc".to_owned(), 404, "No traces found"),
        ("/api/v3/operations".to_owned(), 400, "service"),
        ("/api/v3/operations?service=a&spanKind=odd".to_owned(), 400, "spanKind"),
        ("/api/v3/dependencies".to_owned(), 400, "startTime"),
        ("/api/v3/dependencies?startTime=2026-01-01T00:00:00Z&endTime=2026-01-01T00:00:00Z".to_owned(), 400, "endTime"),
        ("/api/v3/nothing".to_owned(), 404, "/api/v3/nothing"),
        ("/api/traces".to_owned(), 400, "parameter 'service' is required"),
        ("/api/traces?service=a&start=2&end=1".to_owned(), 400, "time range"),
        ("/api/traces?service=a&limit=0".to_owned(), 400, "limit"),
        ("/api/traces?service=a&start=now".to_owned(), 400, "start"),
        ("/api/traces?service=a&minDuration=5".to_owned(), 400, "minDuration"),
        ("/api/traces?service=a&tags={".to_owned(), 400, "tags"),
        ("/api/traces?service=a&tag=x".to_owned(), 400, "tag"),
        ("/api/traces?traceID=zz".to_owned(), 400, "traceID"),
        ("/api/traces/zz".to_owned(), 400, "traceID"),
        ("/api/traces/abc".to_owned(), 404, "trace not found"),
        ("/api/operations".to_owned(), 400, "service"),
        ("/api/dependencies?endTs=soon".to_owned(), 400, "endTs"),
        ("/api/logs?traceId=zz".to_owned(), 400, "traceId"),
        ("/nowhere".to_owned(), 404, "/nowhere"),
    ];
    for (path, status, reason) in table {
        let (found, body) = observatory.ask(&path).await;
        assert_eq!(found, status, "{path}: {body}");
        let (code, message) = if path.starts_with("/api/v3") {
            (&body["error"]["httpCode"], &body["error"]["message"])
        } else {
            assert_eq!(
                (&body["data"], &body["total"]),
                (&json!(null), &json!(0)),
                "{path}"
            );
            (&body["errors"][0]["code"], &body["errors"][0]["msg"])
        };
        assert_eq!(code, status, "{path}");
        let message = message.as_str().unwrap();
        assert!(message.contains(reason), "{path}: {message}");
    }
}

#[tokio::test]
async fn an_empty_request_is_no_error() {
    let observatory = Observatory::start().await;
    assert_eq!(observatory.send(&TracesData::default()).await.status(), 200);
    let body = b"{}".to_vec();
    let answer = observatory.post("/v1/logs", "application/json", body).await;
    assert_eq!(answer.status(), 200);
}
