//! Optimistic concurrency: nobody overwrites what they have not seen.

use reqwest::Method;
use serde_json::json;

use crate::support::{Catalogue, lamp, refused, send};

#[tokio::test]
async fn a_change_meant_for_another_version_is_412_and_changes_nothing() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    let patch = async |if_match: &str, name: &str| {
        let request = catalogue
            .as_admin(Method::PATCH, &path)
            .header("if-match", if_match);
        send(request.json(&json!({ "name": name }))).await
    };
    assert_eq!(patch("\"1\"", "Two").await.etag.as_deref(), Some("\"2\""));
    refused(&patch("\"1\"", "Three").await, 412, "version_mismatch");
    assert_eq!(catalogue.get(&path).await.body["name"], "Two");
    assert_eq!(
        patch("\"1\", \"2\"", "Three").await.etag.as_deref(),
        Some("\"3\"")
    );
    assert_eq!(patch("*", "Four").await.etag.as_deref(), Some("\"4\""));

    let stale = catalogue
        .as_admin(Method::DELETE, &path)
        .header("if-match", "\"3\"");
    refused(&send(stale).await, 412, "version_mismatch");
    let put = catalogue
        .as_admin(Method::PUT, &path)
        .header("if-match", "\"3\"");
    refused(
        &send(put.json(&lamp("LAMP-1"))).await,
        412,
        "version_mismatch",
    );
    let fresh = catalogue
        .as_admin(Method::DELETE, &path)
        .header("if-match", "\"4\"");
    assert_eq!(send(fresh).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_changes_of_one_version_at_once_one_wins() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    let changes = (0..20).map(|n| {
        let request = catalogue
            .as_admin(Method::PATCH, &path)
            .header("if-match", "\"1\"");
        send(request.json(&json!({ "name": format!("Lamp {n}") })))
    });
    let answers = futures_util::future::join_all(changes).await;
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((count(200), count(412)), (1, 19), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_changes_without_a_version_all_happen_one_after_the_other() {
    let catalogue = Catalogue::start().await;
    let path = catalogue.product(lamp("LAMP-1")).await;
    let changes = (0..20).map(|n| {
        let patch = json!({ "name": format!("Lamp {n}") });
        send(catalogue.as_admin(Method::PATCH, &path).json(&patch))
    });
    let answers = futures_util::future::join_all(changes).await;
    assert!(
        answers.iter().all(|answer| answer.status == 200),
        "{answers:?}"
    );
    assert_eq!(catalogue.get(&path).await.body["version"], 21);
    let versions: Vec<_> = catalogue
        .events(&path)
        .await
        .iter()
        .map(|event| event.1)
        .collect();
    assert_eq!(versions, (1..=21).collect::<Vec<_>>());
}
