//! Proving an e-mail address.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{App, Reply, unique_email};

async fn verify(app: &App, token: &str) -> Reply {
    app.post("/api/v1/auth/verify-email", &json!({ "token": token }))
        .await
}

async fn newest_token(app: &App, user: Uuid) -> String {
    let events = app.events(user).await;
    let mut tokens = events
        .iter()
        .rev()
        .filter_map(|(_, data)| data["verification_token"].as_str());
    tokens.next().unwrap().to_owned()
}

#[tokio::test]
async fn the_token_of_the_event_verifies_the_address_once() {
    let app = App::start().await;
    let customer = app.customer().await;
    let token = newest_token(&app, customer.id).await;
    assert_eq!(verify(&app, &token).await.status, 204);
    let user = app
        .get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    assert_eq!(
        (&user["email_verified"], &user["version"]),
        (&json!(true), &json!(2))
    );
    assert_eq!(
        app.event_types(customer.id).await.last().unwrap(),
        "UserUpdated"
    );
    verify(&app, &token)
        .await
        .problem(422, "verification_token_invalid");
}

#[tokio::test]
async fn of_several_uses_at_once_one_counts() {
    let app = App::start().await;
    let customer = app.customer().await;
    let token = newest_token(&app, customer.id).await;
    let replies = futures_util::future::join_all((0..6).map(|_| verify(&app, &token))).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 204).count(),
        1
    );
}

#[tokio::test]
async fn an_expired_or_made_up_token_verifies_nothing() {
    let app = App::start().await;
    let customer = app.customer().await;
    let token = newest_token(&app, customer.id).await;
    sqlx::query("UPDATE email_verifications SET expires_at = now() - interval '1 second' WHERE user_id = $1")
        .bind(customer.id)
        .execute(app.pool())
        .await
        .unwrap();
    for bad in [&*token, "", "x", "\0", &"A".repeat(43)] {
        verify(&app, bad)
            .await
            .problem(422, "verification_token_invalid");
    }
}

#[tokio::test]
async fn a_changed_address_needs_a_proof_of_its_own() {
    let app = App::start().await;
    let customer = app.customer().await;
    let first = newest_token(&app, customer.id).await;
    assert_eq!(verify(&app, &first).await.status, 204);
    let body = json!({ "email": unique_email("new") });
    let reply = app
        .send(
            Method::PATCH,
            "/api/v1/users/me",
            Some(&customer.access),
            Some(&body),
        )
        .await;
    let user = reply.json(200);
    assert_eq!(
        (&user["email"], &user["email_verified"]),
        (&body["email"], &Value::Bool(false))
    );
    let second = newest_token(&app, customer.id).await;
    assert_ne!(first, second);
    assert_eq!(verify(&app, &second).await.status, 204);
}
