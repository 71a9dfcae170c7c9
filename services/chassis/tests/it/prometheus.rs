//! The exposition before the judges that count: promtool's linter and a real Prometheus that scrapes and keeps exemplars.

use std::{
    io::Write as _,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{Router, routing::get};
use chassis::{
    config::Env,
    metrics::Exposition,
    service::{self, Running},
    testing::{scrape::Scrape, wait_for},
};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use resilience::{Bulkhead, CircuitBreaker};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::LIMIT;

/// Traces every request of this thread, as an installed telemetry would.
fn tracing() -> (SdkTracerProvider, DefaultGuard) {
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    (provider, guard)
}

async fn service() -> Running {
    let build = |_| async { Ok(Router::new().route("/items/{id}", get(|| async { "item" }))) };
    let service = service::start("shop", Env::default(), build).await.unwrap();
    let metrics = &service.context().metrics;
    metrics.db_operation("SELECT \"odd\"\\\nitems", Duration::from_millis(3));
    service
}

/// Sends a request and returns its trace.
async fn request(service: &Running) -> String {
    let mut trace = String::new();
    wait_for(LIMIT, async || {
        // Another test, without a subscriber, may have met the span just before this one had its own; see
        // tracing-core's callsite registry.
        tracing::callsite::rebuild_interest_cache();
        let answer = reqwest::get(format!("{}/items/1", service.url())).await;
        let answer = answer.unwrap();
        let header = answer.headers().get("x-trace-id");
        trace = header.map_or("", |id| id.to_str().unwrap()).to_owned();
        !trace.is_empty()
    })
    .await;
    trace
}

#[tokio::test]
async fn promtool_finds_nothing_to_complain_about() {
    let service = service().await;
    reqwest::get(service.url()).await.unwrap();
    let bulkhead = Bulkhead::new(4, Duration::ZERO);
    let breaker = CircuitBreaker::new(resilience::BreakerConfig::default());
    let metrics = &service.context().metrics;
    let _watch = metrics.watch_edge("shop->\"odd\"", breaker, Some(bulkhead));
    let text = Scrape::text(&service, Exposition::Text).await;

    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is on the PATH: `faultline setup` installs Prometheus");
    let mut stdin = promtool.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let verdict = promtool.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&verdict.stderr).into_owned();
    let others: Vec<_> = complaints
        .lines()
        // The name is OpenTelemetry's, whose word counts more here.
        .filter(|line| !line.starts_with("db_client_connection_count "))
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    service.stop().await;
}

#[tokio::test]
async fn prometheus_scrapes_openmetrics_and_answers_with_the_trace_of_a_request() {
    let (_provider, _guard) = tracing();
    let service = service().await;
    let trace = request(&service).await;
    let folder = Folder::new();
    let prometheus = Prometheus::start(&folder.0, &service.admin_addr.to_string());

    wait_for(LIMIT, async || {
        let targets = prometheus.ask("targets", "").await;
        let target = &targets["data"]["activeTargets"][0];
        assert_eq!(target["lastError"].as_str().unwrap_or_default(), "");
        target["health"] == "up"
    })
    .await;
    let query = "query=http_server_request_duration_seconds_bucket&start=0&end=9999999999";
    let mut answer = Value::Null;
    wait_for(LIMIT, async || {
        answer = prometheus.ask("query_exemplars", query).await;
        answer["data"][0]["exemplars"].is_array()
    })
    .await;
    let series = &answer["data"][0];
    assert_eq!(series["seriesLabels"]["http_route"], "/items/{id}");
    assert_eq!(series["seriesLabels"]["service"], "shop");
    assert_eq!(series["exemplars"][0]["labels"]["trace_id"], trace);
    let value: f64 = series["exemplars"][0]["value"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(value > 0.0 && value < 10.0);

    let odd = prometheus
        .ask("query", "query=db_client_operation_duration_seconds_count")
        .await;
    let summary = &odd["data"]["result"][0]["metric"]["db_query_summary"];
    assert_eq!(summary, "SELECT \"odd\"\\\nitems");
    let healthy = prometheus.ask("query", "query=up").await;
    assert_eq!(healthy["data"]["result"][0]["value"][1], "1");
    service.stop().await;
}

/// A folder that goes when the test ends.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(chassis::testing::unique("prometheus"));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind at worst in the folder for temporary things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Prometheus {
    child: Child,
    port: u16,
}

impl Prometheus {
    fn start(folder: &Path, target: &str) -> Self {
        let config = format!(
            "global: {{scrape_interval: 1s}}\n\
             scrape_configs: [{{job_name: faultline, static_configs: [{{targets: ['{target}']}}]}}]\n"
        );
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        // Free a moment ago; whoever takes it in between makes the test fail, not lie.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--enable-feature=exemplar-storage")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is on the PATH: `faultline setup` installs it");
        Self { child, port }
    }

    /// Null while it does not answer yet.
    async fn ask(&self, what: &str, query: &str) -> Value {
        let url = format!("http://127.0.0.1:{}/api/v1/{what}?{query}", self.port);
        match reqwest::get(url).await {
            Ok(answer) => answer.json().await.unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself; the test then fails for that.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
