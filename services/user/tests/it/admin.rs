//! The administrator that the operator asks for.

use reqwest::Method;
use serde_json::json;

use crate::support::{App, Instance, unique_email};

#[tokio::test]
async fn the_administrator_is_there_after_the_start_and_its_event_too() {
    let app = App::start().await;
    let admin = app.admin().await;
    let me = app.get("/api/v1/users/me", &admin.access).await.json(200);
    assert_eq!(me["roles"], json!(["customer", "admin"]));
    assert_eq!(
        app.event_types(admin.id).await,
        ["UserRegistered", "UserLoggedIn"]
    );
}

#[tokio::test]
async fn a_changed_password_replaces_the_old_one_and_ends_its_sessions() {
    let app = App::start().await;
    let admin = app.admin().await;
    let settings = [
        ("ADMIN_EMAIL", &*admin.email),
        ("ADMIN_PASSWORD", "another good secret"),
    ];
    let restarted = app.second(&settings).await;
    restarted.session(&admin.email, "another good secret").await;
    restarted
        .log_in(&admin.email, "correct operator staple")
        .await
        .problem(401, "credentials_invalid");
    restarted
        .get("/api/v1/users/me", &admin.access)
        .await
        .problem(401, "token_revoked");
    restarted
        .refresh(&admin.refresh)
        .await
        .problem(401, "session_revoked");
}

#[tokio::test]
async fn a_restart_with_the_same_password_changes_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    let settings = [
        ("ADMIN_EMAIL", &*admin.email),
        ("ADMIN_PASSWORD", "correct operator staple"),
    ];
    let restarted = app.second(&settings).await;
    let me = restarted
        .get("/api/v1/users/me", &admin.access)
        .await
        .json(200);
    assert_eq!(me["version"], 1);
}

#[tokio::test]
async fn a_restart_gives_a_lost_role_back() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = format!("/api/v1/users/{}/roles", admin.id);
    let body = json!({ "roles": ["customer"] });
    app.send(Method::PUT, &path, Some(&admin.access), Some(&body))
        .await
        .json(200);
    let settings = [
        ("ADMIN_EMAIL", &*admin.email),
        ("ADMIN_PASSWORD", "correct operator staple"),
    ];
    let restarted = app.second(&settings).await;
    let again = restarted
        .session(&admin.email, "correct operator staple")
        .await;
    let me = restarted
        .get("/api/v1/users/me", &again.access)
        .await
        .json(200);
    assert_eq!(me["roles"], json!(["customer", "admin"]));
}

#[tokio::test]
async fn a_weak_administrators_password_keeps_the_service_from_starting() {
    let app = App::start().await;
    let email = unique_email("root");
    let settings = [("ADMIN_EMAIL", &*email), ("ADMIN_PASSWORD", "1234567890")];
    let Err(error) = Instance::try_start(&app.db.url, &settings).await else {
        panic!("a service with a weak administrator started")
    };
    let error = error.to_string();
    assert!(
        error.contains("ADMIN_PASSWORD") && !error.contains("1234567890"),
        "{error}"
    );
}
