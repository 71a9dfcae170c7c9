//! Reading and changing profiles: one's own, others', many.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{App, Reply, service_token, unique_email};

async fn patch(app: &App, path: &str, token: &str, body: Value) -> Reply {
    app.send(Method::PATCH, path, Some(token), Some(&body))
        .await
}

async fn batch(app: &App, token: &str, ids: &[Uuid]) -> Reply {
    let body = json!({ "ids": ids });
    app.send(
        Method::POST,
        "/api/v1/users/batch",
        Some(token),
        Some(&body),
    )
    .await
}

#[tokio::test]
async fn people_see_themselves_under_both_paths() {
    let app = App::start().await;
    let customer = app.customer().await;
    let me = app.get("/api/v1/users/me", &customer.access).await;
    let by_id = app
        .get(&format!("/api/v1/users/{}", customer.id), &customer.access)
        .await;
    assert_eq!(me.json(200), by_id.json(200));
    assert_eq!(me.header("cache-control"), "no-store");
    assert!(!me.text.contains("password") && !me.text.contains("argon2"));
}

#[tokio::test]
async fn somebody_else_is_not_found_whether_they_exist_or_not() {
    let app = App::start().await;
    let (customer, other) = (app.customer().await, app.customer().await);
    for id in [other.id, Uuid::now_v7()] {
        let path = format!("/api/v1/users/{id}");
        let token = &customer.access;
        app.get(&path, token).await.problem(404, "user_not_found");
        patch(&app, &path, token, json!({ "name": "Mallory" }))
            .await
            .problem(404, "user_not_found");
        let deleted = app.send(Method::DELETE, &path, Some(token), None).await;
        deleted.problem(404, "user_not_found");
    }
    let untouched = app.get("/api/v1/users/me", &other.access).await.json(200);
    assert_eq!(untouched["name"], "Ada Lovelace");
}

#[tokio::test]
async fn administrators_and_services_see_everybody_and_services_change_nobody() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    let path = format!("/api/v1/users/{}", customer.id);
    let service = service_token("notification");
    for token in [&admin.access, &service] {
        assert_eq!(
            app.get(&path, token).await.json(200)["email"],
            customer.email
        );
    }
    let unknown = format!("/api/v1/users/{}", Uuid::now_v7());
    app.get(&unknown, &service)
        .await
        .problem(404, "user_not_found");
    patch(&app, &path, &service, json!({ "name": "x" }))
        .await
        .problem(403, "role_missing");
    app.send(Method::DELETE, &path, Some(&service), None)
        .await
        .problem(403, "role_missing");
    app.get("/api/v1/users/me", &service)
        .await
        .problem(403, "role_missing");
    let changed = patch(&app, &path, &admin.access, json!({ "name": "Countess" }))
        .await
        .json(200);
    assert_eq!(
        (&changed["name"], &changed["version"]),
        (&json!("Countess"), &json!(2))
    );
}

#[tokio::test]
async fn a_change_is_told_once_and_a_change_to_the_same_is_not_told() {
    let app = App::start().await;
    let customer = app.customer().await;
    for _ in 0..2 {
        let body = json!({ "name": " Ada King ", "email": customer.email.to_uppercase() });
        let user = patch(&app, "/api/v1/users/me", &customer.access, body)
            .await
            .json(200);
        assert_eq!(
            (&user["name"], &user["version"]),
            (&json!("Ada King"), &json!(2))
        );
    }
    let events = app.events(customer.id).await;
    let expected = json!({ "user_id": customer.id, "email": customer.email, "name": "Ada King" });
    assert_eq!(
        events.last().unwrap(),
        &("UserUpdated".to_owned(), expected)
    );
    assert_eq!(events.len(), 3);
    let empty = patch(
        &app,
        "/api/v1/users/me",
        &customer.access,
        json!({ "name": null }),
    )
    .await;
    assert_eq!(empty.json(200)["version"], 2);
}

#[tokio::test]
async fn an_address_of_somebody_else_cannot_be_taken_over() {
    let app = App::start().await;
    let (customer, other) = (app.customer().await, app.customer().await);
    let body = json!({ "email": other.email.to_uppercase(), "name": "Mallory" });
    patch(&app, "/api/v1/users/me", &customer.access, body)
        .await
        .problem(409, "email_taken");
    let me = app
        .get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    assert_eq!(
        (&me["name"], &me["version"]),
        (&json!("Ada Lovelace"), &json!(1))
    );
}

#[tokio::test]
async fn the_tier_is_an_administrators_to_choose_and_is_in_the_next_token() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    let body = json!({ "tier": "premium" });
    let own = patch(&app, "/api/v1/users/me", &customer.access, body.clone()).await;
    own.problem(403, "role_missing");
    let path = format!("/api/v1/users/{}", customer.id);
    assert_eq!(
        patch(&app, &path, &admin.access, body).await.json(200)["tier"],
        "premium"
    );
    let refreshed = app.refresh(&customer.refresh).await.json(200);
    let token = refreshed["access_token"].as_str().unwrap();
    let claims = app.get("/api/v1/auth/validate", token).await.json(200)["claims"].clone();
    assert_eq!(claims["tier"], "premium");
}

#[tokio::test]
async fn concurrent_changes_are_all_told_in_order() {
    let app = App::start().await;
    let customer = app.customer().await;
    let changes = (0..8).map(|n| {
        patch(
            &app,
            "/api/v1/users/me",
            &customer.access,
            json!({ "name": format!("Ada {n}") }),
        )
    });
    for reply in futures_util::future::join_all(changes).await {
        reply.json(200);
    }
    let events = app.events(customer.id).await;
    assert_eq!(events.len(), 10);
    let me = app
        .get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    assert_eq!(
        (&events[9].1["name"], &me["version"]),
        (&me["name"], &json!(9))
    );
}

#[tokio::test]
async fn a_batch_keeps_the_order_and_names_what_is_missing() {
    let app = App::start().await;
    let (first, second) = (app.customer().await, app.customer().await);
    let unknown = Uuid::now_v7();
    let ids = [second.id, unknown, first.id, second.id];
    let body = batch(&app, &service_token("notification"), &ids)
        .await
        .json(200);
    let items: Vec<_> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["id"])
        .collect();
    assert_eq!(items, [&json!(second.id), &json!(first.id)]);
    assert_eq!(body["missing"], json!([unknown]));
    batch(&app, &app.admin().await.access, &ids).await.json(200);
    batch(&app, &first.access, &ids)
        .await
        .problem(403, "role_missing");
}

#[tokio::test]
async fn a_batch_has_one_to_a_hundred_ids() {
    let app = App::start().await;
    let token = service_token("order");
    let many: Vec<_> = (0..101).map(|_| Uuid::now_v7()).collect();
    for bad in [&[][..], &many] {
        let problem = batch(&app, &token, bad)
            .await
            .problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], "ids");
    }
    assert_eq!(
        batch(&app, &token, &many[..100]).await.json(200)["missing"]
            .as_array()
            .unwrap()
            .len(),
        100
    );
}

#[tokio::test]
async fn what_is_left_of_a_deleted_user_cannot_be_registered() {
    let app = App::start().await;
    let body = json!({ "email": format!("deleted:{}", Uuid::now_v7()), "password": "long enough one", "name": "x" });
    app.post("/api/v1/auth/register", &body)
        .await
        .problem(422, "validation_failed");
    app.register(&unique_email("deleted")).await.json(201);
}
