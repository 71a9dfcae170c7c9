//! `faultline trace` against a real observatory, which stands for anything that speaks Jaeger's
//! query API.

use observatory::config::Config;
use observatory::server::{self, Running};
use serde_json::{Value, json};

use crate::support::{Answer, call, faultline};

const NEW_YEAR: u64 = 1_767_225_600_000_000_000;

async fn start() -> Running {
    let any = "127.0.0.1:0".parse().expect("an address");
    let config = Config {
        otlp_http: any,
        otlp_grpc: any,
        query: any,
        admin: any,
        memory_bytes: 8_000_000,
    };
    server::start(&config).await.expect("started")
}

#[expect(clippy::disallowed_methods, reason = "a sender of a test has no edge")]
async fn send(observatory: &Running, path: &str, body: Value) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("built");
    let url = format!("http://{}{path}", observatory.otlp_http);
    let answer = http.post(url).json(&body).send().await.expect("answered");
    assert_eq!(answer.status(), 200, "{body}");
}

fn span(trace: u32, id: u32, parent: Option<u32>, start_ms: u64, took_ms: u64) -> Value {
    let mut span = json!({
        "traceId": format!("{trace:032x}"),
        "spanId": format!("{id:016x}"),
        "name": format!("span {id}"),
        "startTimeUnixNano": (NEW_YEAR + start_ms * 1_000_000).to_string(),
        "endTimeUnixNano": (NEW_YEAR + (start_ms + took_ms) * 1_000_000).to_string(),
        "attributes": [{ "key": "order.id", "value": { "stringValue": "o-1" } }],
    });
    if let Some(parent) = parent {
        span["parentSpanId"] = format!("{parent:016x}").into();
    }
    span
}

fn of(service: &str, spans: Vec<Value>) -> Value {
    let name = json!([{ "key": "service.name", "value": { "stringValue": service } }]);
    json!({ "resource": { "attributes": name }, "scopeSpans": [{ "spans": spans }] })
}

/// Trace 1 places order o-1 and fails in payment; trace 2, which is slower, finishes it later.
async fn with_an_order() -> Running {
    let observatory = start().await;
    let mut failed = span(1, 2, Some(1), 10, 20);
    failed["status"] = json!({ "code": 2, "message": "declined" });
    failed["links"] = json!([{ "traceId": format!("{:032x}", 2), "spanId": "0000000000000009" }]);
    let spans = json!({ "resourceSpans": [
        of("order", vec![span(1, 1, None, 0, 100), span(2, 9, None, 5_000, 300)]),
        of("payment", vec![failed]),
    ]});
    send(&observatory, "/v1/traces", spans).await;
    let record = json!({
        "timeUnixNano": (NEW_YEAR + 15_000_000).to_string(), "severityText": "WARN",
        "traceId": format!("{:032x}", 1), "spanId": format!("{:016x}", 2),
        "body": { "stringValue": "the card was declined" },
    });
    let name = json!([{ "key": "service.name", "value": { "stringValue": "payment" } }]);
    let logs = json!({ "resourceLogs": [
        { "resource": { "attributes": name }, "scopeLogs": [{ "logRecords": [record] }] },
    ]});
    send(&observatory, "/v1/logs", logs).await;
    observatory
}

async fn trace(observatory: &Running, arguments: &[&str]) -> Answer {
    let endpoint = format!("http://{}", observatory.query);
    let mut command = faultline(&["trace", "--endpoint", &endpoint]);
    command.args(arguments);
    let called = tokio::task::spawn_blocking(move || call(command));
    called.await.expect("it ran")
}

#[tokio::test]
async fn a_trace_is_shown_by_its_id_with_errors_links_and_log_lines() {
    let observatory = with_an_order().await;
    let answer = trace(&observatory, &["1", "--logs"]).await;
    assert_eq!(answer.code, 0, "{}", answer.notes);
    let lines: Vec<&str> = answer.out.lines().map(str::trim).collect();
    let heading = format!("trace {:032x}  100.00 ms, 2 spans, 2 services, 1 error", 1);
    assert_eq!(lines[0], heading, "{}", answer.out);
    assert!(
        lines[2].starts_with("0.00 ms    100.00 ms"),
        "{}",
        answer.out
    );
    assert!(lines[3].ends_with("payment    ✗ span 2"), "{}", answer.out);
    assert_eq!(lines[4], "declined", "{}", answer.out);
    assert_eq!(
        lines[5],
        format!("↪ linked to trace {:032x}", 2),
        "{}",
        answer.out
    );
    assert_eq!(
        lines[6], "· 15.00 ms WARN the card was declined",
        "{}",
        answer.out
    );
}

#[tokio::test]
async fn an_order_is_shown_by_the_trace_that_placed_it_and_the_slowest_by_its_longest_span() {
    let observatory = with_an_order().await;
    let order = trace(&observatory, &["--order", "o-1"]).await;
    assert!(
        order.out.starts_with(&format!("trace {:032x} ", 1)),
        "{}",
        order.out
    );
    let slowest = trace(&observatory, &["--slowest"]).await;
    assert!(
        slowest.out.starts_with(&format!("trace {:032x} ", 2)),
        "{}",
        slowest.out
    );
    let of_payment = trace(&observatory, &["--slowest", "--service", "payment"]).await;
    assert!(
        of_payment.out.starts_with(&format!("trace {:032x} ", 1)),
        "{}",
        of_payment.out
    );
    let json = trace(&observatory, &["1", "--json"]).await.json();
    assert_eq!(
        json["result"]["resourceSpans"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn what_is_not_there_is_no_and_nobody_there_is_could_not_look() {
    let observatory = start().await;
    for arguments in [&["abc"][..], &["--order", "o-1"], &["--slowest"]] {
        let answer = trace(&observatory, arguments).await;
        assert_eq!(answer.code, 1, "{arguments:?}: {}", answer.notes);
        assert!(
            answer.notes.contains("is not known at http://"),
            "{}",
            answer.notes
        );
    }
    let senseless = trace(&observatory, &["xyz"]).await;
    assert_eq!(senseless.code, 2);
    assert!(
        senseless.notes.contains("hexadecimal"),
        "{}",
        senseless.notes
    );
    let gone = observatory.query;
    observatory.stop().await;
    let nobody = faultline(&["trace", "abc", "--endpoint", &format!("http://{gone}")]);
    let nobody = call(nobody);
    assert_eq!(nobody.code, 2, "{}", nobody.notes);
    assert!(nobody.notes.contains("no answer from"), "{}", nobody.notes);
    assert_eq!(call(faultline(&["trace"])).code, 2);
}
