//! What must never be read in a log line or a span, whatever the level and however odd the request.

use chassis::testing::telemetry::Traced;
use serde_json::json;

use crate::support::{App, PASSWORD, unique_email};

#[tokio::test]
async fn passwords_and_tokens_are_in_no_log_line_and_no_span() {
    let traced = Traced::install("user", &[("LOG_LEVEL", "trace")]).await;
    let app = App::start().await;
    let email = unique_email("ada");
    app.register(&email).await.json(201);
    let wrong = "plum cloud 17";
    app.log_in(&email, wrong).await.json(401);
    let login = "/api/v1/auth/login";
    let odd = json!({ "email": email, "password": [PASSWORD] });
    assert!(app.post(login, &odd).await.status.is_client_error());
    let broken = format!("{{\"email\": \"x\", \"password\": \"{PASSWORD}\"");
    let reply = app.post_raw(login, "application/json", &broken).await;
    assert!(reply.status.is_client_error());

    let session = app.session(&email, PASSWORD).await;
    let again = app.refresh(&session.refresh).await.json(200);
    let reused = app.refresh(&session.refresh).await;
    assert!(reused.status.is_client_error());
    assert!(
        app.get("/api/v1/users/me", &session.access)
            .await
            .status
            .is_client_error()
    );
    let events = app.events(session.id).await;
    let letter = &events
        .iter()
        .find(|(name, _)| name == "UserRegistered")
        .unwrap()
        .1;
    let verification = letter["verification_token"].as_str().unwrap();
    let said = traced.end().await;
    let secrets = [
        PASSWORD,
        wrong,
        verification,
        &session.access,
        &session.refresh,
        again["access_token"].as_str().unwrap(),
        again["refresh_token"].as_str().unwrap(),
    ];
    said.assert_silent_about(&secrets, "/api/v1/auth/login");
}
