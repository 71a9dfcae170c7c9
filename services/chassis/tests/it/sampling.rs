//! Sampling that changes while the service runs.

use std::fs;

use axum::{Router, routing::get};
use chassis::{
    config::Env,
    service,
    testing::{telemetry::Traced, wait_for},
};
use http::Method;

use crate::support::{LIMIT, request};

fn strategies(share: f64) -> String {
    format!(
        r#"{{"service_strategies": [{{"service": "shop", "type": "probabilistic", "param": {share}}}],
            "default_strategy": {{"type": "probabilistic", "param": {}}}}}"#,
        1.0 - share
    )
}

#[tokio::test]
async fn a_changed_file_changes_what_is_kept_and_a_callers_decision_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("strategies.json");
    fs::write(&file, strategies(0.0)).unwrap();
    let path = file.to_str().unwrap();
    let traced = Traced::install("shop", &[("OTEL_TRACES_SAMPLER_FILE", path)]).await;
    let shop = service::start("shop", Env::default(), async |_| {
        Ok(Router::new()
            .route("/root", get(async || ()))
            .route("/child", get(async || ())))
    })
    .await
    .unwrap();
    let ask = async |path: &str, parent: Option<&str>| {
        let sent = request(Method::GET, &format!("{}{path}", shop.url()));
        let sent = match parent {
            Some(parent) => sent.header("traceparent", parent),
            None => sent,
        };
        sent.send().await.unwrap().headers()["x-trace-id"].clone()
    };
    let count = |name: &str| {
        let spans = traced.seen().spans;
        spans.iter().filter(|span| span.name == name).count()
    };
    // The file is read by a task; from then on no root is kept.
    let said = async || {
        traced
            .seen()
            .logs
            .iter()
            .any(|log| log.body.contains("applied"))
    };
    wait_for(LIMIT, said).await;
    assert_eq!(
        ask("/root", None).await.len(),
        32,
        "there is an id all the same"
    );
    let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    ask("/child", Some(sampled)).await;
    wait_for(LIMIT, async || count("GET /child") == 1).await;
    assert_eq!(count("GET /root"), 0);

    fs::write(&file, "nonsense").unwrap();
    fs::write(&file, strategies(1.0)).unwrap();
    wait_for(LIMIT, async || {
        ask("/root", None).await;
        count("GET /root") > 0
    })
    .await;
    let unsampled = sampled.replace("-01", "-00");
    ask("/child", Some(&unsampled)).await;
    let said = traced.end().await.otlp;
    let children = said.spans.iter().filter(|span| span.name == "GET /child");
    assert_eq!(children.count(), 1, "the caller did not want the second");
}
