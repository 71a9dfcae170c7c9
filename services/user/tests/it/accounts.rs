//! Registering and deleting.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, PASSWORD, unique_email};

#[tokio::test]
async fn registering_answers_with_the_user_and_never_with_the_password() {
    let app = App::start().await;
    let email = unique_email("Grace.Hopper");
    let reply = app.register(&email).await;
    let user = &reply.json(201)["user"];
    assert_eq!(user["email"], email.to_lowercase());
    assert_eq!(user["roles"], json!(["customer"]));
    assert_eq!(user["tier"], "standard");
    assert_eq!(
        (&user["email_verified"], &user["version"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(
        reply.header("location"),
        format!("/api/v1/users/{}", user["id"].as_str().unwrap())
    );
    for secret in [PASSWORD, "argon2", "password", "verification"] {
        assert!(!reply.text.contains(secret), "{}", reply.text);
    }
}

#[tokio::test]
async fn the_event_is_written_with_the_user_and_the_token_is_stored_by_hash_alone() {
    let app = App::start().await;
    let customer = app.customer().await;
    let events = app.events(customer.id).await;
    let (event_type, data) = &events[0];
    assert_eq!(event_type, "UserRegistered");
    assert_eq!(data["user_id"], json!(customer.id));
    assert_eq!(data["email"], customer.email);
    assert_eq!(data["name"], "Ada Lovelace");
    let token = data["verification_token"].as_str().unwrap();
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT hash FROM email_verifications WHERE user_id = $1")
            .bind(customer.id)
            .fetch_one(app.pool())
            .await
            .unwrap();
    assert_eq!((token.len(), stored.len()), (43, 32));
}

#[tokio::test]
async fn passwords_are_stored_as_argon2id_with_a_salt_each() {
    let app = App::start().await;
    for _ in 0..2 {
        app.register(&unique_email("salted")).await.json(201);
    }
    let hashes: Vec<String> =
        sqlx::query_scalar("SELECT password_hash FROM users WHERE email LIKE 'salted.%'")
            .fetch_all(app.pool())
            .await
            .unwrap();
    assert!(
        hashes
            .iter()
            .all(|hash| hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"))
    );
    assert_ne!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn an_address_is_taken_whatever_its_case() {
    let app = App::start().await;
    let email = unique_email("ada");
    app.register(&email).await.json(201);
    app.register(&email.to_uppercase())
        .await
        .problem(409, "email_taken");
}

#[tokio::test]
async fn of_many_registrations_of_one_address_at_once_one_succeeds() {
    let app = App::start().await;
    let email = unique_email("ada");
    let replies = futures_util::future::join_all((0..8).map(|_| app.register(&email))).await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    let taken = replies.iter().filter(|reply| reply.status == 409).count();
    assert_eq!((created, taken), (1, 7));
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE data ->> 'email' = $1")
        .bind(&email)
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(events, 1);
}

#[tokio::test]
async fn unknown_members_are_ignored_and_grant_nothing() {
    let app = App::start().await;
    let body = json!({
        "email": unique_email("eve"), "password": PASSWORD, "name": "Eve",
        "roles": ["admin"], "tier": "premium", "email_verified": true, "id": "x",
    });
    let user = app.post("/api/v1/auth/register", &body).await.json(201)["user"].clone();
    assert_eq!(user["roles"], json!(["customer"]));
    assert_eq!(user["tier"], "standard");
    assert_eq!(user["email_verified"], false);
}

#[tokio::test]
async fn deleting_erases_the_person_and_ends_the_sessions() {
    let app = App::start().await;
    let customer = app.customer().await;
    let reply = app
        .send(
            Method::DELETE,
            "/api/v1/users/me",
            Some(&customer.access),
            None,
        )
        .await;
    assert_eq!(reply.status, 204, "{}", reply.text);

    app.get("/api/v1/users/me", &customer.access)
        .await
        .problem(401, "token_revoked");
    app.refresh(&customer.refresh)
        .await
        .problem(401, "session_revoked");
    app.log_in(&customer.email, PASSWORD)
        .await
        .problem(401, "credentials_invalid");
    let row: (String, String, Option<String>) =
        sqlx::query_as("SELECT email, name, password_hash FROM users WHERE id = $1")
            .bind(customer.id)
            .fetch_one(app.pool())
            .await
            .unwrap();
    assert_eq!(
        row,
        (
            format!("deleted:{}", customer.id),
            "deleted".to_owned(),
            None
        )
    );
    let events = app.events(customer.id).await;
    let last = events.last().unwrap();
    assert_eq!(
        *last,
        ("UserDeleted".to_owned(), json!({ "user_id": customer.id }))
    );
}

#[tokio::test]
async fn a_deleted_users_address_is_free_again_and_the_user_is_gone_for_everybody() {
    let app = App::start().await;
    let customer = app.customer().await;
    let admin = app.admin().await;
    let path = format!("/api/v1/users/{}", customer.id);
    let reply = app
        .send(Method::DELETE, &path, Some(&admin.access), None)
        .await;
    assert_eq!(reply.status, 204, "{}", reply.text);
    app.get(&path, &admin.access)
        .await
        .problem(404, "user_not_found");
    app.send(Method::DELETE, &path, Some(&admin.access), None)
        .await
        .problem(404, "user_not_found");
    let again = app.register(&customer.email).await.json(201);
    assert_ne!(again["user"]["id"], Value::String(customer.id.to_string()));
}
