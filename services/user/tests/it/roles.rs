//! Roles: who gives them, and how soon they count.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{App, PASSWORD, Reply, service_token};

async fn put_roles(app: &App, token: &str, id: Uuid, roles: Value) -> Reply {
    let path = format!("/api/v1/users/{id}/roles");
    app.send(
        Method::PUT,
        &path,
        Some(token),
        Some(&json!({ "roles": roles })),
    )
    .await
}

#[tokio::test]
async fn a_role_that_is_given_counts_from_the_next_token() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    let roles = json!(["admin", "customer", "admin"]);
    let user = put_roles(&app, &admin.access, customer.id, roles)
        .await
        .json(200);
    assert_eq!(user["roles"], json!(["customer", "admin"]));
    assert_eq!(
        app.event_types(customer.id).await.last().unwrap(),
        "UserUpdated"
    );
    // The session goes on.
    let refreshed = app.refresh(&customer.refresh).await.json(200);
    let token = refreshed["access_token"].as_str().unwrap();
    app.get(&format!("/api/v1/users/{}", admin.id), token)
        .await
        .json(200);
}

#[tokio::test]
async fn a_role_that_is_taken_away_counts_at_once() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    put_roles(
        &app,
        &admin.access,
        customer.id,
        json!(["customer", "admin"]),
    )
    .await
    .json(200);
    let promoted = app.session(&customer.email, PASSWORD).await;
    put_roles(&app, &admin.access, customer.id, json!(["customer"]))
        .await
        .json(200);
    let path = format!("/api/v1/users/{}", admin.id);
    app.get(&path, &promoted.access)
        .await
        .problem(401, "token_revoked");
    app.refresh(&promoted.refresh)
        .await
        .problem(401, "session_revoked");
    let demoted = app.session(&customer.email, PASSWORD).await;
    app.get(&path, &demoted.access)
        .await
        .problem(404, "user_not_found");
}

#[tokio::test]
async fn the_same_roles_again_change_nothing() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    let user = put_roles(&app, &admin.access, customer.id, json!(["customer"]))
        .await
        .json(200);
    assert_eq!(user["version"], 1);
    assert_eq!(app.event_types(customer.id).await.len(), 2);
}

#[tokio::test]
async fn only_administrators_give_roles() {
    let app = App::start().await;
    let customer = app.customer().await;
    let roles = json!(["admin"]);
    for token in [&customer.access, &service_token("order")] {
        let reply = put_roles(&app, token, customer.id, roles.clone()).await;
        reply.problem(403, "role_missing");
    }
}

#[tokio::test]
async fn roles_that_do_not_exist_or_none_at_all_are_refused() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    for roles in [
        json!([]),
        json!(["emperor"]),
        json!("admin"),
        json!([1]),
        json!(["Admin"]),
        json!(null),
    ] {
        put_roles(&app, &admin.access, customer.id, roles)
            .await
            .problem(422, "validation_failed");
    }
    let nobody = put_roles(&app, &admin.access, Uuid::now_v7(), json!(["customer"])).await;
    nobody.problem(404, "user_not_found");
}
