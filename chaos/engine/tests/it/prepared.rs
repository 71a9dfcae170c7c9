//! What is found to be wrong before anything is touched; what names stand for; what probes find.

use std::sync::Arc;

use axum::{Router, http::header, routing::get};
use engine::machine::Look;
use tokio::sync::watch;

use crate::support::{run, run_with};

/// What is wrong with it.
async fn refused(text: &str) -> String {
    let (_keep, stop) = watch::channel(None);
    let ran = run_with(&Arc::default(), text, stop).await;
    ran.unwrap_err().to_string()
}

#[tokio::test]
async fn a_fault_that_does_not_exist_is_named_with_its_line_and_nothing_is_injected() {
    let text = "\
title: t
description: d
method:
  - { type: action, name: a, provider: { type: process, path: faultline, arguments: [kill, order] } }
  - type: action
    name: b
    provider:
      type: process
      path: faultline
      arguments: [kill, ordr]
  - { type: probe, name: c, provider: { type: http, url: \"${where}/x\" } }
";
    let invalid = refused(text).await;
    let lines: Vec<&str> = invalid.lines().collect();
    assert!(
        lines[0].starts_with("x.yaml:10: there is no process \"ordr\"; did you mean order?"),
        "{invalid}"
    );
    assert!(
        lines[1].starts_with("x.yaml:11: c: \"${where}/x\" is no address"),
        "{invalid}"
    );
}

#[tokio::test]
async fn configuration_comes_from_the_file_the_environment_and_probes() {
    let text = "\
title: t
description: d
configuration:
  here: 200
  home: { type: env, key: PATH }
  missing: { type: env, key: NO_SUCH_VARIABLE, default: 7, env_var_type: int }
  asked: { type: probe, provider: { type: process, path: echo, arguments: [found] } }
secrets:
  shop: { key: hidden }
steady-state-hypothesis:
  title: names are replaced
  probes:
    - type: probe
      name: all of them
      tolerance: { type: regex, pattern: \"^200 7 found hidden \\\\$[{]unknown[}] .*/bin\", target: stdout }
      provider: { type: process, path: echo, arguments: [\"${here}\", \"${missing}\", \"${asked}\", \"${key}\", \"${unknown}\", \"${home}\"] }
method: []
";
    let (run, journal, _) = run(text).await;
    assert_eq!(run.facts.gate, Look::Met, "{journal:#}");
    let invalid = refused(&text.replace(", default: 7", "")).await;
    assert!(
        invalid.contains("x.yaml:6: missing: the variable NO_SUCH_VARIABLE is not set"),
        "{invalid}"
    );
}

async fn server() -> String {
    let json = || async {
        (
            [(header::CONTENT_TYPE, "application/json")],
            r#"{"items": [1, 2]}"#,
        )
    };
    let other = || async {
        (
            [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
            r#"{"items": []}"#,
        )
    };
    let router = Router::new()
        .route("/json", get(json))
        .route("/other", get(other));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "the server of a test has no tasks to be waited for"
    )]
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn requests_are_judged_by_status_and_body() {
    let base = server().await;
    let looked = async |path: &str, tolerance: &str| {
        let text = format!(
            "title: t\ndescription: d\nmethod: []\nsteady-state-hypothesis:\n  title: h\n  probes:\n    - {{ type: probe, \
             name: look, tolerance: {tolerance}, provider: {{ type: http, url: \"{base}{path}\" }} }}\n"
        );
        run(&text).await.0.facts.gate
    };
    for (path, tolerance, look) in [
        ("/json", "200", Look::Met),
        ("/json", "[200, 204]", Look::Met),
        ("/none", "200", Look::NotMet),
        ("/none", "404", Look::Met),
        (
            "/json",
            "{ type: jsonpath, path: \"$.items[*]\", count: 2, target: body }",
            Look::Met,
        ),
        (
            "/other",
            "{ type: regex, pattern: items, target: body }",
            Look::Met,
        ),
    ] {
        assert_eq!(looked(path, tolerance).await, look, "{path} {tolerance}");
    }
    let nobody = "title: t\ndescription: d\nmethod: []\nsteady-state-hypothesis: { title: h, probes: [{ type: probe, name: look, \
                  tolerance: 200, provider: { type: http, url: \"http://127.0.0.1:1/\" } }] }";
    assert_eq!(run(nobody).await.0.facts.gate, Look::Blind);
}

#[tokio::test]
async fn an_action_that_is_refused_was_not_done() {
    let base = server().await;
    let text = format!(
        "title: t\ndescription: d\nmethod:\n  - {{ type: action, name: a, provider: {{ type: http, url: \"{base}/none\" }} }}\n  \
         - {{ type: action, name: b, provider: {{ type: http, url: \"{base}/none\", expected_status: 404 }} }}\n  \
         - {{ type: action, name: c, provider: {{ type: process, path: faultline, arguments: [kill, broken] }} }}\n"
    );
    let (run, ..) = run(&text).await;
    assert_eq!(run.facts.not_done, ["a", "c"]);
}
