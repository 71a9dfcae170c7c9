//! What a client written for version 3 of Jaeger's query API sees.

use observatory::wire::{STATUS_ERROR, Status, Value};
use serde_json::{Value as Json, json};

use super::support::{NEW_YEAR, Observatory, attribute, data, of, span, text};

const DAY: &str =
    "query.startTimeMin=2026-01-01T00:00:00Z&query.startTimeMax=2026-01-02T00:00:00.000000001Z";

/// Trace 1: gateway → order → payment (fails); trace 2, a minute later: gateway alone.
async fn two_traces() -> Observatory {
    let observatory = Observatory::start().await;
    let mut edge = span(1, 1, 0, 0, 100);
    edge.name = "POST /orders".into();
    edge.attributes = vec![attribute("http.response.status_code", Value::Int(201))];
    let mut call = span(1, 3, 2, 20, 30);
    call.kind = 3;
    call.attributes = vec![text("peer", "psp")];
    call.status = Some(Status {
        message: "declined".into(),
        code: STATUS_ERROR,
    });
    let sent = data(vec![
        of("gateway", vec![edge, span(2, 9, 0, 60_000, 5)]),
        of("order", vec![span(1, 2, 1, 10, 80)]),
        of("payment", vec![call]),
    ]);
    assert_eq!(observatory.send(&sent).await.status(), 200);
    observatory
}

fn trace_ids(answer: &Json) -> Vec<&str> {
    let summaries = answer["summaries"].as_array().unwrap().iter();
    summaries
        .map(|one| one["traceId"].as_str().unwrap().trim_start_matches('0'))
        .collect()
}

#[tokio::test]
async fn services_and_operations() {
    let observatory = two_traces().await;
    let services = observatory.known("/api/v3/services").await;
    assert_eq!(
        services,
        json!({ "services": ["gateway", "order", "payment"] })
    );
    let operations = observatory
        .known("/api/v3/operations?service=payment")
        .await;
    assert_eq!(
        operations,
        json!({ "operations": [{ "name": "span 3", "spanKind": "client" }] })
    );
    let servers = observatory
        .known("/api/v3/operations?service=gateway&span_kind=server")
        .await;
    assert_eq!(servers["operations"].as_array().unwrap().len(), 2);
    let clients = observatory
        .known("/api/v3/operations?service=gateway&spanKind=client")
        .await;
    assert_eq!(clients, json!({ "operations": [] }));
}

#[tokio::test]
async fn a_trace_is_found_by_service_operation_attribute_duration_and_time() {
    let observatory = two_traces().await;
    for (rest, expected) in [
        ("", vec!["2", "1"]),
        ("query.searchDepth=1", vec!["2"]),
        ("query.serviceName=gateway", vec!["2", "1"]),
        ("query.service_name=order", vec!["1"]),
        ("query.serviceName=nobody", vec![]),
        (
            "query.serviceName=gateway&query.operationName=POST%20/orders",
            vec!["1"],
        ),
        (
            "query.serviceName=order&query.operationName=POST%20/orders",
            vec![],
        ),
        (
            r#"query.attributes={"http.response.status_code":"201"}"#,
            vec!["1"],
        ),
        (
            r#"query.attributes={"http.response.status_code":"500"}"#,
            vec![],
        ),
        (
            r#"query.attributes={"peer":"psp","error":"true"}"#,
            vec!["1"],
        ),
        (r#"query.attributes={"host.name":"lab"}"#, vec!["2", "1"]),
        (r#"query.attributes={"span.kind":"client"}"#, vec!["1"]),
        (
            r#"query.attributes={"peer":"psp","span.kind":"server"}"#,
            vec![],
        ),
        ("query.durationMin=100ms", vec!["1"]),
        ("query.durationMax=5ms", vec!["2"]),
        ("query.duration_min=4ms&query.duration_max=6ms", vec!["2"]),
    ] {
        let found = observatory
            .known(&format!("/api/v3/trace-summaries?{DAY}&{rest}"))
            .await;
        assert_eq!(trace_ids(&found), expected, "{rest}");
    }
    let first_minute =
        "query.start_time_min=2026-01-01T00:00:00Z&query.start_time_max=2026-01-01T00:00:59.999Z";
    let found = observatory
        .known(&format!("/api/v3/trace-summaries?{first_minute}"))
        .await;
    assert_eq!(trace_ids(&found), ["1"]);
}

#[tokio::test]
async fn a_summary_has_root_times_counts_and_services() {
    let observatory = two_traces().await;
    let answer = observatory
        .known(&format!(
            "/api/v3/trace-summaries?{DAY}&query.serviceName=payment"
        ))
        .await;
    assert_eq!(
        answer,
        json!({ "summaries": [{
            "traceId": format!("{:032x}", 1),
            "rootServiceName": "gateway",
            "rootOperationName": "POST /orders",
            "minStartTimeUnixNano": NEW_YEAR.to_string(),
            "maxEndTimeUnixNano": (NEW_YEAR + 100_000_000).to_string(),
            "spanCount": 3,
            "errorSpanCount": 1,
            "orphanSpanCount": 0,
            "services": [
                { "name": "gateway", "spanCount": 1, "errorSpanCount": 0 },
                { "name": "order", "spanCount": 1, "errorSpanCount": 0 },
                { "name": "payment", "spanCount": 1, "errorSpanCount": 1 },
            ],
        }] })
    );
}

#[tokio::test]
async fn traces_come_as_otlp_json_by_id_and_by_search() {
    let observatory = two_traces().await;
    let by_id = observatory.known("/api/v3/traces/1").await;
    let resources = by_id["result"]["resourceSpans"].as_array().unwrap();
    assert_eq!(resources.len(), 3);
    let span = &resources[2]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["traceId"], format!("{:032x}", 1));
    assert_eq!(span["parentSpanId"], format!("{:016x}", 2));
    assert_eq!(
        (&span["kind"], &span["status"]["code"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(
        span["startTimeUnixNano"],
        (NEW_YEAR + 20_000_000).to_string()
    );

    let both = observatory
        .known(&format!("/api/v3/traces?{DAY}&query.serviceName=gateway"))
        .await;
    assert_eq!(both["result"]["resourceSpans"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn dependencies_count_calls_between_services() {
    let observatory = two_traces().await;
    let day = "startTime=2026-01-01T00:00:00Z&endTime=2026-01-02T00:00:00Z";
    let answer = observatory
        .known(&format!("/api/v3/dependencies?{day}"))
        .await;
    assert_eq!(
        answer["dependencies"],
        json!([
            { "parent": "gateway", "child": "order", "callCount": 1 },
            { "parent": "order", "child": "payment", "callCount": 1 },
        ])
    );
    let before = "startTime=2025-01-01T00:00:00Z&endTime=2025-01-02T00:00:00Z";
    let answer = observatory
        .known(&format!("/api/v3/dependencies?{before}"))
        .await;
    assert_eq!(answer["dependencies"], json!([]));
}

#[tokio::test]
async fn a_trace_that_is_still_arriving_is_answered_as_far_as_it_is() {
    let observatory = Observatory::start().await;
    observatory
        .send(&data(vec![of("order", vec![span(5, 2, 1, 10, 20)])]))
        .await;
    let path = format!("/api/v3/trace-summaries?{DAY}");
    let early = observatory.known(&path).await;
    assert_eq!(
        (
            &early["summaries"][0]["spanCount"],
            &early["summaries"][0]["orphanSpanCount"]
        ),
        (&json!(1), &json!(1))
    );
    observatory
        .send(&data(vec![of("gateway", vec![span(5, 1, 0, 0, 50)])]))
        .await;
    let whole = &observatory.known(&path).await["summaries"][0];
    assert_eq!(
        (
            &whole["spanCount"],
            &whole["orphanSpanCount"],
            &whole["rootServiceName"]
        ),
        (&json!(2), &json!(0), &json!("gateway"))
    );
}

#[tokio::test]
async fn a_page_of_another_origin_may_read() {
    let observatory = Observatory::start().await;
    let url = format!("http://{}/api/v3/services", observatory.running.query);
    let request = observatory
        .http
        .get(url)
        .header("origin", "http://localhost:8090");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
}
