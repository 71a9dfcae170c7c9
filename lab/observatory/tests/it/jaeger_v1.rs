//! What Grafana's data source and older clients see: version 1 of Jaeger's query API.

use observatory::wire::{
    AnyValue, ArrayValue, Event, InstrumentationScope, Link, STATUS_ERROR, Status, Value,
};
use serde_json::json;

use super::support::{NEW_YEAR, Observatory, attribute, data, of, span, text};

const MICROS: u64 = NEW_YEAR / 1_000;

#[tokio::test]
async fn a_trace_has_exactly_the_shape_of_jaegers_own_model() {
    let observatory = Observatory::start().await;
    let mut child = span(1, 2, 1, 10, 5);
    child.kind = 3;
    child.name = "charge".into();
    child.trace_state = "v=1".into();
    child.attributes = vec![
        text("s", "x"),
        attribute("i", Value::Int(3)),
        attribute("d", Value::Double(0.5)),
        attribute("b", Value::Bool(false)),
        attribute("y", Value::Bytes(vec![1, 2])),
        attribute(
            "l",
            Value::Array(ArrayValue {
                values: vec![AnyValue {
                    value: Some(Value::Int(1)),
                }],
            }),
        ),
    ];
    child.events = vec![Event {
        time_unix_nano: NEW_YEAR + 11_000_000,
        name: "retry".into(),
        attributes: vec![attribute("attempt", Value::Int(2))],
        dropped_attributes_count: 0,
    }];
    child.links = vec![Link {
        trace_id: 7_u128.to_be_bytes().to_vec(),
        span_id: 8_u64.to_be_bytes().to_vec(),
        ..Link::default()
    }];
    child.status = Some(Status {
        message: "declined".into(),
        code: STATUS_ERROR,
    });
    let mut sent = of("payment", vec![child]);
    sent.scope_spans[0].scope = Some(InstrumentationScope {
        name: "sqlx".into(),
        version: "0.9".into(),
        ..InstrumentationScope::default()
    });
    observatory.send(&data(vec![sent])).await;

    let answer = observatory.known("/api/traces/1").await;
    let trace = format!("{:032x}", 1);
    let tag = |key: &str, kind: &str, value: serde_json::Value| json!({ "key": key, "type": kind, "value": value });
    assert_eq!(
        answer,
        json!({
            "data": [{
                "traceID": trace,
                "spans": [{
                    "traceID": trace,
                    "spanID": format!("{:016x}", 2),
                    "operationName": "charge",
                    "references": [
                        { "refType": "CHILD_OF", "traceID": trace, "spanID": format!("{:016x}", 1) },
                        { "refType": "FOLLOWS_FROM", "traceID": format!("{:032x}", 7), "spanID": format!("{:016x}", 8) },
                    ],
                    "startTime": MICROS + 10_000,
                    "duration": 5_000,
                    "tags": [
                        tag("s", "string", json!("x")),
                        tag("i", "int64", json!(3)),
                        tag("d", "float64", json!(0.5)),
                        tag("b", "bool", json!(false)),
                        tag("y", "binary", json!("AQI=")),
                        tag("l", "string", json!("[1]")),
                        tag("otel.scope.name", "string", json!("sqlx")),
                        tag("otel.scope.version", "string", json!("0.9")),
                        tag("span.kind", "string", json!("client")),
                        tag("w3c.tracestate", "string", json!("v=1")),
                        tag("otel.status_code", "string", json!("ERROR")),
                        tag("otel.status_description", "string", json!("declined")),
                        tag("error", "bool", json!(true)),
                    ],
                    "logs": [{ "timestamp": MICROS + 11_000, "fields": [
                        tag("event", "string", json!("retry")),
                        tag("attempt", "int64", json!(2)),
                    ]}],
                    "processID": "p1",
                    "warnings": null,
                }],
                "processes": { "p1": { "serviceName": "payment", "tags": [tag("host.name", "string", json!("lab"))] } },
                "warnings": null,
            }],
            "total": 0, "limit": 0, "offset": 0, "errors": null,
        })
    );
}

#[tokio::test]
async fn services_operations_search_and_dependencies_answer_in_the_envelope() {
    let observatory = Observatory::start().await;
    let sent = data(vec![
        of(
            "gateway",
            vec![span(1, 1, 0, 0, 100), span(2, 9, 0, 60_000, 5)],
        ),
        of("order", vec![span(1, 2, 1, 10, 80)]),
    ]);
    observatory.send(&sent).await;
    let enveloped = |data: serde_json::Value| {
        let total = data.as_array().unwrap().len();
        json!({ "data": data, "total": total, "limit": 0, "offset": 0, "errors": null })
    };
    let services = observatory.known("/api/services").await;
    assert_eq!(services, enveloped(json!(["gateway", "order"])));
    let names = observatory.known("/api/services/gateway/operations").await;
    assert_eq!(names, enveloped(json!(["span 1", "span 9"])));
    let kinds = observatory.known("/api/operations?service=order").await;
    assert_eq!(
        kinds,
        enveloped(json!([{ "name": "span 2", "spanKind": "server" }]))
    );

    let (start, end) = (MICROS, MICROS + 3_600_000_000);
    for (rest, expected) in [
        (format!("start={start}&end={end}"), 2),
        (format!("start={start}&end={}", start + 1_000_000), 1),
        (format!("end={end}&lookback=2h"), 2),
        (format!("end={end}&lookback=1d"), 2),
        (format!("end={end}&lookback=1m"), 0),
        (format!("start={start}&end={end}&minDuration=50ms"), 1),
        (
            format!("start={start}&end={end}&maxDuration=50ms&limit=1"),
            1,
        ),
        (format!("start={start}&end={end}&operation=span%201"), 1),
        (format!("start={start}&end={end}&operation=all"), 2),
        (
            format!(r#"start={start}&end={end}&tags={{"host.name":"lab"}}"#),
            2,
        ),
        (
            format!("start={start}&end={end}&tag=host.name:elsewhere"),
            0,
        ),
    ] {
        let found = observatory
            .known(&format!("/api/traces?service=gateway&{rest}"))
            .await;
        assert_eq!(found["data"].as_array().unwrap().len(), expected, "{rest}");
    }
    let by_ids = observatory
        .known("/api/traces?traceID=1&traceID=2&traceID=3")
        .await;
    assert_eq!(by_ids["data"].as_array().unwrap().len(), 2);

    let end_ts = end / 1_000;
    let calls = observatory
        .known(&format!(
            "/api/dependencies?endTs={end_ts}&lookback=7200000"
        ))
        .await;
    let expected = json!([{ "parent": "gateway", "child": "order", "callCount": 1 }]);
    assert_eq!(calls, enveloped(expected));
}
