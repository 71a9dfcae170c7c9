//! An endpoint that is down, hangs or talks nonsense: requests do not notice, losses are counted, exits are not held up.

use std::time::{Duration, Instant};

use axum::{
    Router,
    response::Html,
    routing::{get, post},
};
use chassis::{
    config::Env,
    service::{self, Running},
    telemetry::items::{Outcome, Signal, counted},
    testing::{telemetry::Traced, wait_for},
};
use http::Method;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;

use crate::support::{LIMIT, request};

const REQUESTS: u32 = 300;

async fn serve() -> Running {
    service::start("shop", Env::default(), async |_| {
        Ok(Router::new().route("/", get(async || tracing::info!("asked"))))
    })
    .await
    .unwrap()
}

/// How long all requests take, one after the other. Each must succeed.
async fn busy(shop: &Running) -> Duration {
    let started = Instant::now();
    for _ in 0..REQUESTS {
        let answer = request(Method::GET, &shop.url()).send().await.unwrap();
        assert!(answer.status().is_success());
    }
    started.elapsed()
}

fn lost() -> u64 {
    let of = |signal| counted(signal, Outcome::Dropped) + counted(signal, Outcome::Failed);
    of(Signal::Traces) + of(Signal::Logs)
}

/// The same work without telemetry and with an endpoint that is of no use.
async fn compare(endpoint: &str) {
    let shop = serve().await;
    let without = busy(&shop).await;
    let before = lost();
    let traced = Traced::install(
        "shop",
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "32"),
            ("OTEL_BLRP_MAX_QUEUE_SIZE", "32"),
        ],
    )
    .await;
    let with = busy(&shop).await;
    wait_for(LIMIT, async || lost() > before).await;
    let stopping = Instant::now();
    traced.shutdown().await;
    assert!(
        stopping.elapsed() < Duration::from_secs(3),
        "{:?}",
        stopping.elapsed()
    );
    // Spans and log lines cost something by themselves; waiting for an endpoint would cost seconds for each.
    let bound = without * 5 + Duration::from_secs(2);
    assert!(
        with < bound,
        "{with:?} with {endpoint}, {without:?} without"
    );
}

#[tokio::test]
async fn nobody_waits_for_an_endpoint_that_is_down() {
    compare("http://127.0.0.1:9").await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it belongs to no service")]
async fn nobody_waits_for_an_endpoint_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok(connection) = listener.accept().await {
            kept.push(connection);
        }
    });
    compare(&url).await;
}

#[tokio::test]
async fn nobody_is_taken_in_by_an_endpoint_that_answers_nonsense() {
    let web = service::start("web", Env::default(), async |_| {
        Ok(Router::new().fallback(async || Html("<h1>Welcome</h1>")))
    })
    .await
    .unwrap();
    let before = counted(Signal::Traces, Outcome::Failed);
    compare(&web.url()).await;
    assert!(counted(Signal::Traces, Outcome::Failed) > before);
}

#[tokio::test]
async fn what_an_endpoint_says_it_refused_is_counted_as_failed() {
    // Of each batch it refuses one span.
    let endpoint = service::start("collector", Env::default(), async |_| {
        let refusal = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 1,
                error_message: "one is too many".to_owned(),
            }),
        };
        let answer = (
            [("content-type", "application/x-protobuf")],
            refusal.encode_to_vec(),
        );
        Ok(Router::new().route("/v1/traces", post(async || answer)))
    })
    .await
    .unwrap();
    let traces = format!("{}/v1/traces", endpoint.url());
    let before = counted(Signal::Traces, Outcome::Failed);
    let traced = Traced::install("shop", &[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*traces)]).await;
    let shop = serve().await;
    busy(&shop).await;
    let said = traced.end().await;
    // Neighbouring tests count, too; the log is this test's own.
    assert!(said.lines.contains("one is too many"), "{}", said.lines);
    assert!(counted(Signal::Traces, Outcome::Failed) > before);
}

#[tokio::test]
async fn what_arrives_is_counted_as_exported() {
    let before = counted(Signal::Traces, Outcome::Exported);
    let traced = Traced::install("shop", &[]).await;
    let shop = serve().await;
    busy(&shop).await;
    let said = traced.end().await.otlp;
    let spans = said
        .spans
        .iter()
        .filter(|span| span.name == "GET /")
        .count();
    assert_eq!(spans, REQUESTS as usize);
    assert!(counted(Signal::Traces, Outcome::Exported) >= before + u64::from(REQUESTS));
    let metrics = shop.context().metrics.render();
    let mut lines = metrics.lines();
    let exported = |line: &str| {
        let labels = [r#"signal="traces""#, r#"outcome="exported""#];
        line.starts_with("telemetry_items_total{") && labels.iter().all(|l| line.contains(l))
    };
    assert!(lines.any(exported), "{metrics}");
}
