//! Whatever is sent: a problem document that says what is wrong, never a 500, and nothing changed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, PASSWORD, Reply, unique_email};

const JSON: &str = "application/json";

fn fields(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("field errors");
    errors
        .iter()
        .map(|error| error["field"].as_str().expect("a field"))
        .collect()
}

async fn patch_me(app: &App, token: &str, body: &Value) -> Reply {
    app.send(Method::PATCH, "/api/v1/users/me", Some(token), Some(body))
        .await
}

#[tokio::test]
async fn a_registration_is_told_which_fields_are_wrong() {
    let app = App::start().await;
    let path = "/api/v1/auth/register";
    let email = unique_email("margaret");
    let local = email.split_once('@').unwrap().0.to_uppercase();
    let long_name = "x".repeat(201);
    let long_email = format!("{}@example.com", "a".repeat(250));
    for (body, expected) in [
        (
            json!({ "email": "not an address", "password": PASSWORD, "name": "A" }),
            vec!["email"],
        ),
        (
            json!({ "email": "", "password": PASSWORD, "name": "A" }),
            vec!["email"],
        ),
        (
            json!({ "email": "a\u{0}@example.com", "password": PASSWORD, "name": "A" }),
            vec!["email"],
        ),
        (
            json!({ "email": long_email, "password": PASSWORD, "name": "A" }),
            vec!["email"],
        ),
        (
            json!({ "email": email, "password": "short", "name": "A" }),
            vec!["password"],
        ),
        (
            json!({ "email": email, "password": "x".repeat(129), "name": "A" }),
            vec!["password"],
        ),
        (
            json!({ "email": email, "password": "Password123", "name": "A" }),
            vec!["password"],
        ),
        (
            json!({ "email": email, "password": format!("my{local}"), "name": "A" }),
            vec!["password"],
        ),
        (
            json!({ "email": email, "password": PASSWORD, "name": "" }),
            vec!["name"],
        ),
        (
            json!({ "email": email, "password": PASSWORD, "name": " \t " }),
            vec!["name"],
        ),
        (
            json!({ "email": email, "password": PASSWORD, "name": "a\u{0}b" }),
            vec!["name"],
        ),
        (
            json!({ "email": email, "password": PASSWORD, "name": long_name }),
            vec!["name"],
        ),
        (
            json!({ "email": email, "password": "short", "name": "" }),
            vec!["name", "password"],
        ),
        (
            json!({ "email": 7, "password": PASSWORD, "name": "A" }),
            vec!["email"],
        ),
        (
            json!({ "email": email, "password": ["x"], "name": "A" }),
            vec!["password"],
        ),
        (
            json!({ "email": email, "password": PASSWORD, "name": null }),
            vec!["name"],
        ),
    ] {
        let reply = app.post(path, &body).await;
        let problem = reply.problem(422, "validation_failed");
        assert_eq!(fields(&problem), expected, "{body}");
        assert_eq!(problem["request_id"], reply.header("x-request-id"));
        assert!(!reply.text.contains(PASSWORD), "{}", reply.text);
    }
    let users: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(users, 1, "only the administrator is there");
}

#[tokio::test]
async fn a_password_may_hold_any_character() {
    let app = App::start().await;
    for password in [
        "nul \0 inside it",
        "пароль из десяти",
        "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
        "        spaces",
    ] {
        let email = unique_email("ada");
        let body = json!({ "email": email, "password": password, "name": "Ada" });
        app.post("/api/v1/auth/register", &body).await.json(201);
        app.log_in(&email, password).await.json(200);
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_on_every_route_that_takes_one() {
    let app = App::start().await;
    for route in ["register", "login", "refresh", "verify-email"] {
        let path = format!("/api/v1/auth/{route}");
        app.post_raw(&path, JSON, "")
            .await
            .problem(400, "malformed_json");
        app.post_raw(&path, JSON, "{")
            .await
            .problem(400, "malformed_json");
        app.post_raw(&path, JSON, "\u{0}")
            .await
            .problem(400, "malformed_json");
        app.post_raw(&path, JSON, "[]")
            .await
            .problem(422, "validation_failed");
        app.post_raw(&path, JSON, "{}")
            .await
            .problem(422, "validation_failed");
        app.post_raw(&path, "text/plain", "{}")
            .await
            .problem(415, "content_type_not_json");
        let huge = format!("\"{}\"", "x".repeat(1024 * 1024));
        app.post_raw(&path, JSON, &huge)
            .await
            .problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_login_with_rubbish_is_refused_without_an_oracle() {
    let app = App::start().await;
    app.log_in("no address", "x")
        .await
        .problem(422, "validation_failed");
    let email = unique_email("nobody");
    for password in ["", "\0", &"x".repeat(10_000)] {
        app.log_in(&email, password)
            .await
            .problem(401, "credentials_invalid");
    }
    let wrong_type = json!({ "email": email, "password": 5 });
    let problem = app
        .post("/api/v1/auth/login", &wrong_type)
        .await
        .problem(422, "validation_failed");
    assert_eq!(fields(&problem), ["password"]);
}

#[tokio::test]
async fn refresh_tokens_that_we_never_issued_are_refused() {
    let app = App::start().await;
    for bad in [
        "",
        "x",
        "\0",
        "a.b.c",
        &"A".repeat(43),
        &"A".repeat(100_000),
    ] {
        app.refresh(bad).await.problem(401, "refresh_token_invalid");
    }
}

#[tokio::test]
async fn a_change_is_checked_like_a_registration() {
    let app = App::start().await;
    let customer = app.customer().await;
    for (body, expected) in [
        (json!({ "email": "nope" }), vec!["email"]),
        (json!({ "name": "a\u{0}b" }), vec!["name"]),
        (
            json!({ "email": "nope", "name": "" }),
            vec!["email", "name"],
        ),
        (json!({ "name": {} }), vec!["name"]),
        (json!({ "tier": "gold" }), vec!["tier"]),
    ] {
        let problem = patch_me(&app, &customer.access, &body)
            .await
            .problem(422, "validation_failed");
        assert_eq!(fields(&problem), expected, "{body}");
    }
    let privileged = json!({ "roles": ["admin"], "email_verified": true, "version": 99 });
    let user = patch_me(&app, &customer.access, &privileged)
        .await
        .json(200);
    assert_eq!(
        (&user["roles"], &user["version"]),
        (&json!(["customer"]), &json!(1))
    );
}

#[tokio::test]
async fn ids_that_are_none_name_nobody() {
    let app = App::start().await;
    let admin = app.admin().await;
    for id in [
        "x",
        "123",
        "%00",
        "me%2F",
        "00000000-0000-0000-0000-00000000000g",
    ] {
        let reply = app.get(&format!("/api/v1/users/{id}"), &admin.access).await;
        reply.problem(404, "resource_not_found");
    }
    let body = json!({ "ids": ["x"] });
    let reply = app
        .send(
            Method::POST,
            "/api/v1/users/batch",
            Some(&admin.access),
            Some(&body),
        )
        .await;
    assert_eq!(fields(&reply.problem(422, "validation_failed")), ["ids[0]"]);
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_problems_too() {
    let app = App::start().await;
    let get = async |path: &str| app.send(Method::GET, path, None, None).await;
    get("/api/v1/auth/nothing")
        .await
        .problem(404, "route_not_found");
    get("/api/v1/auth/login")
        .await
        .problem(405, "method_not_allowed");
    let reply = app.send(Method::PUT, "/api/v1/users/me", None, None).await;
    reply.problem(405, "method_not_allowed");
}
