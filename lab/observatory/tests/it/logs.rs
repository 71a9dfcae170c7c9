//! Log records: by trace, by service, in both encodings.

use observatory::wire::{AnyValue, LogRecord, LogsData, Resource, ResourceLogs, ScopeLogs, Value};
use prost::Message as _;
use serde_json::json;

use super::support::{NEW_YEAR, Observatory, text};

fn record(trace: u128, message: &str) -> LogRecord {
    let trace_id = if trace == 0 {
        Vec::new()
    } else {
        trace.to_be_bytes().to_vec()
    };
    LogRecord {
        time_unix_nano: NEW_YEAR,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(AnyValue {
            value: Some(Value::String(message.into())),
        }),
        attributes: vec![text("order.id", "7")],
        trace_id,
        ..LogRecord::default()
    }
}

fn sent(service: &str, log_records: Vec<LogRecord>) -> LogsData {
    LogsData {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: vec![text("service.name", service)],
                dropped_attributes_count: 0,
            }),
            scope_logs: vec![ScopeLogs {
                scope: None,
                log_records,
            }],
        }],
    }
}

#[tokio::test]
async fn records_are_found_by_trace_and_by_service() {
    let observatory = Observatory::start().await;
    let order = sent(
        "order",
        vec![record(1, "created"), record(2, "other"), record(1, "paid")],
    );
    let protobuf = order.encode_to_vec();
    let answer = observatory
        .post("/v1/logs", "application/x-protobuf", protobuf)
        .await;
    assert_eq!(answer.status(), 200);
    let gateway = serde_json::to_vec(&sent("gateway", vec![record(0, "started")])).unwrap();
    let answer = observatory
        .post("/v1/logs", "application/json", gateway)
        .await;
    assert_eq!(answer.status(), 200);

    let of_trace = observatory.known("/api/logs?traceId=1").await;
    let expected = sent("order", vec![record(1, "created"), record(1, "paid")]);
    assert_eq!(
        of_trace,
        json!({ "result": serde_json::to_value(expected).unwrap() })
    );
    let of_gateway = observatory.known("/api/logs?service=gateway").await;
    let records = &of_gateway["result"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
    assert_eq!(records[0]["body"]["stringValue"], "started");
    let latest = observatory.known("/api/logs?service=order&limit=1").await;
    let records = &latest["result"]["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
    assert_eq!(
        (
            records.as_array().unwrap().len(),
            &records[0]["body"]["stringValue"]
        ),
        (1, &json!("paid"))
    );
    let none = observatory.known("/api/logs?traceId=9").await;
    assert_eq!(none, json!({ "result": { "resourceLogs": [] } }));
}

#[tokio::test]
async fn old_records_go_when_the_memory_is_full_and_are_counted() {
    let observatory = Observatory::with_memory(1_000_000).await;
    let mut number = 0;
    for _ in 0..20 {
        let batch = (0..200).map(|_| {
            number += 1;
            record(number, &format!("message number {number}"))
        });
        let body = sent("order", batch.collect()).encode_to_vec();
        observatory
            .post("/v1/logs", "application/x-protobuf", body)
            .await;
    }
    let stats = observatory.known("/api/stats").await;
    let (bytes, bytes_max) = (&stats["logs"]["bytes"], &stats["logs"]["bytesMax"]);
    assert!(bytes.as_u64() <= bytes_max.as_u64(), "{stats}");
    let evicted = stats["logRecords"]["evicted"].as_u64().unwrap();
    let kept = stats["logs"]["records"].as_u64().unwrap();
    assert!(evicted > 0 && evicted + kept == 4_000, "{stats}");
    let first = observatory.known("/api/logs?traceId=1").await;
    assert_eq!(first["result"]["resourceLogs"], json!([]));
    let last = observatory
        .known(&format!("/api/logs?traceId={number:x}"))
        .await;
    assert_ne!(last["result"]["resourceLogs"], json!([]));
}
