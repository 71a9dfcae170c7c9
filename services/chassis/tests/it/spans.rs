//! What a request looks like in a trace, seen by a real OTLP collector: names, kinds, attributes, parents, and the ids
//! on every answer.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use chassis::{
    Problem,
    client::{EdgeClient, EdgePolicy},
    config::Env,
    http::ApiJson,
    service::{self, Running},
    telemetry::request::RequestContext,
    testing::{otlp::SpanSeen, telemetry::Traced},
};
use http::{HeaderMap, Method, StatusCode};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::Value;

use crate::support::{database, request};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A service with one route for each thing that can happen.
async fn serve(callee: Option<EdgeClient>, public: bool) -> Running {
    let env = Env::from_pairs([("BODY_BYTES_MAX", "1000")]);
    service::start("shop", env, async |context| {
        if public {
            context.serve_the_public();
        }
        Ok(Router::new()
            .route("/things/{id}", get(note))
            .route(
                "/fail",
                get(async || Problem::internal(anyhow::anyhow!("broken"))),
            )
            .route("/panic", get(panics))
            .route("/json", post(async |_: ApiJson<Value>| {}))
            .route("/call", get(call))
            .with_state(callee))
    })
    .await
    .unwrap()
}

async fn panics() {
    panic!("on purpose")
}

async fn note() {
    RequestContext::note("order.id", "o-1");
}

async fn call(State(callee): State<Option<EdgeClient>>) -> Result<(), Problem> {
    callee.unwrap().get("/things/7?card=4242").send().await?;
    Ok(())
}

async fn callee(caller: &Running, url: &str) -> EdgeClient {
    let context = caller.context();
    EdgeClient::new(
        context,
        "stock",
        url.parse().unwrap(),
        EdgePolicy::default(),
    )
    .unwrap()
}

fn traced_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("traceparent", format!("00-{TRACE}-{CALLER}-01")),
        ("tracestate", "vendor=1".to_owned()),
        ("baggage", "user.id=u-1".to_owned()),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

fn attribute<'a>(span: &'a SpanSeen, name: &str) -> &'a str {
    let value = span.attributes.get(name);
    value.unwrap_or_else(|| panic!("{name} is missing: {span:#?}"))
}

#[tokio::test]
async fn every_answer_carries_the_ids_of_its_request() {
    let traced = Traced::install("shop", &[]).await;
    let shop = serve(None, false).await;
    for (method, path, body, status) in [
        (Method::GET, "/things/7", 0, 200),
        (Method::GET, "/nowhere", 0, 404),
        (Method::DELETE, "/things/7", 0, 405),
        (Method::POST, "/json", 2_000, 413),
        (Method::POST, "/json", 10, 400),
        (Method::GET, "/fail", 0, 500),
        (Method::GET, "/panic", 0, 500),
    ] {
        let what = format!("{method} {path}");
        let url = format!("{}{path}", shop.url());
        let sent = request(method, &url)
            .headers(traced_headers())
            .header("x-request-id", "r-1")
            .header("content-type", "application/json")
            .body("x".repeat(body));
        let answer = sent.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{what}");
        assert_eq!(answer.headers()["x-trace-id"], TRACE, "{what}");
        assert_eq!(answer.headers()["x-request-id"], "r-1", "{what}");
    }
    traced.end().await;
}

#[tokio::test]
async fn a_server_span_is_named_by_its_route_and_continues_the_callers_trace() {
    let traced = Traced::install("shop", &[]).await;
    let shop = serve(None, false).await;
    for path in ["/things/7?card=4242", "/nowhere", "/fail"] {
        let url = format!("{}{path}", shop.url());
        let sent = request(Method::GET, &url).headers(traced_headers());
        sent.send().await.unwrap();
    }
    let said = traced.end().await.otlp;

    let found = said.span("GET /things/{id}");
    assert_eq!(found.kind, SpanKind::Server);
    assert_eq!((&*found.trace_id, &*found.parent_id), (TRACE, CALLER));
    assert_eq!(found.status, 0);
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/things/{id}"),
        ("url.path", "/things/7"),
        ("url.scheme", "http"),
        ("http.response.status_code", "200"),
        ("user.id", "u-1"),
        ("order.id", "o-1"),
    ] {
        assert_eq!(attribute(found, name), value);
    }
    let unknown = said.span("GET");
    assert_eq!(attribute(unknown, "http.response.status_code"), "404");
    assert_eq!(unknown.status, 0, "a 4xx is the caller's mistake");
    assert!(!unknown.attributes.contains_key("http.route"));
    let failed = said.span("GET /fail");
    assert_eq!((failed.status, attribute(failed, "error.type")), (2, "500"));
    assert_eq!(failed.events, ["request failed"], "{failed:#?}");

    let log = said.logs.iter().find(|log| log.body == "request failed");
    let log = log.expect("a failure is logged");
    assert_eq!((&*log.severity, &*log.service), ("ERROR", "shop"));
    assert_eq!(
        (&log.trace_id, &log.span_id),
        (&failed.trace_id, &failed.span_id)
    );
    assert_eq!(log.attributes["user.id"], "u-1");
    assert!(!log.attributes["request_id"].is_empty());
    for resource in &said.resources {
        assert_eq!(resource["service.name"], "shop");
        assert_eq!(resource["service.namespace"], "faultline");
        assert!(!resource["service.instance.id"].is_empty());
    }
}

#[tokio::test]
async fn a_call_is_a_client_span_above_the_span_of_whom_it_calls() {
    let traced = Traced::install("shop", &[]).await;
    let stock = serve(None, false).await;
    let client = callee(&stock, &stock.url()).await;
    let shop = serve(Some(client), false).await;
    let url = format!("{}/call", shop.url());
    let sent = request(Method::GET, &url).headers(traced_headers());
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::OK);
    let said = traced.end().await.otlp;

    let (outer, inner) = (said.span("GET /call"), said.span("GET /things/{id}"));
    let client = said.span("GET");
    assert_eq!(client.kind, SpanKind::Client);
    assert_eq!(client.parent_id, outer.span_id);
    assert_eq!(inner.parent_id, client.span_id);
    assert_eq!(inner.trace_id, TRACE);
    assert_eq!(attribute(inner, "user.id"), "u-1", "baggage travels");
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.response.status_code", "200"),
        ("server.address", "127.0.0.1"),
        ("service.peer.name", "stock"),
        ("faultline.edge", "shop->stock"),
        ("faultline.breaker.state", "closed"),
    ] {
        assert_eq!(attribute(client, name), value);
    }
    assert_eq!(
        attribute(client, "url.full"),
        format!("{}/things/7", stock.url())
    );
    assert!(
        !String::from_utf8_lossy(&said.raw).contains("4242"),
        "queries stay private"
    );
}

#[tokio::test]
async fn each_try_of_a_call_is_a_span_and_a_breakers_refusal_is_one_too() {
    let traced = Traced::install("shop", &[]).await;
    let stock = serve(None, false).await;
    // Nobody listens there.
    let client = callee(&stock, "http://127.0.0.1:9").await;
    let shop = serve(Some(client), false).await;
    let url = format!("{}/call", shop.url());
    for _ in 0..12 {
        let answer = request(Method::GET, &url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let said = traced.end().await.otlp;
    let tries: Vec<_> = said
        .spans
        .iter()
        .filter(|span| span.kind == SpanKind::Client)
        .collect();
    assert!(tries.iter().all(|span| span.status == 2));
    assert_eq!(attribute(tries[0], "error.type"), "connect");
    assert_eq!(attribute(tries[1], "http.request.resend_count"), "1");
    let refused = tries
        .iter()
        .find(|span| span.attributes["error.type"] == "breaker_open");
    let refused = refused.expect("a dozen failures open the breaker");
    assert_eq!(attribute(refused, "faultline.breaker.state"), "open");
    assert!(!refused.attributes.contains_key("http.response.status_code"));
}

#[tokio::test]
async fn what_strangers_say_about_themselves_is_dropped_at_the_public_door() {
    let traced = Traced::install("shop", &[]).await;
    let shop = serve(None, true).await;
    let url = format!("{}/things/7", shop.url());
    let sent = request(Method::GET, &url).headers(traced_headers());
    sent.send().await.unwrap();
    let said = traced.end().await.otlp;
    let span = said.span("GET /things/{id}");
    assert_eq!(span.trace_id, TRACE, "the trace goes on");
    assert!(!span.attributes.contains_key("user.id"));
}

#[tokio::test]
async fn a_statement_is_a_span_of_its_request_without_its_values_and_none_outside() {
    let traced = Traced::install("shop", &[]).await;
    let db = database().await;
    let pool = chassis::db::connect(&db.url, &chassis::db::DbConfig::new("shop"))
        .await
        .unwrap();
    sqlx::query("SELECT count(*) FROM outbox")
        .execute(&pool)
        .await
        .unwrap();
    let served = pool.clone();
    let shop = service::start("shop", Env::default(), async |_| {
        Ok(Router::new().route(
            "/query",
            get(async move || {
                let query = sqlx::query("SELECT event_id FROM effect WHERE event_id::text = $1");
                query.bind("s3cret").fetch_all(&served).await.unwrap();
            }),
        ))
    })
    .await
    .unwrap();
    let url = format!("{}/query", shop.url());
    request(Method::GET, &url).send().await.unwrap();
    let said = traced.end().await.otlp;
    let statement = said.span("SELECT effect");
    assert_eq!(statement.kind, SpanKind::Client);
    assert_eq!(statement.parent_id, said.span("GET /query").span_id);
    for (name, value) in [
        ("db.system.name", "postgresql"),
        ("db.query.summary", "SELECT effect"),
        ("db.response.returned_rows", "0"),
    ] {
        assert_eq!(attribute(statement, name), value);
    }
    assert!(attribute(statement, "db.query.text").ends_with("event_id::text = $1"));
    assert!(!String::from_utf8_lossy(&said.raw).contains("s3cret"));
    assert!(
        said.spans.iter().all(|span| span.name != "SELECT outbox"),
        "no request asked for it"
    );
}
