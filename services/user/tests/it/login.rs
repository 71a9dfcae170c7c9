//! Logging in, and being kept from guessing.

use serde_json::{Value, json};

use crate::support::{App, NO_REDIS, PASSWORD, unique_email};

#[tokio::test]
async fn a_login_gives_a_pair_of_tokens_and_writes_its_event() {
    let app = App::start().await;
    let email = unique_email("ada");
    app.register(&email).await.json(201);
    let reply = app.log_in(&email.to_uppercase(), PASSWORD).await;
    let body = reply.json(200);
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    assert_eq!(body["user"]["email"], email);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(!reply.text.contains("argon2"));
    let id = body["user"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        app.event_types(id).await,
        ["UserRegistered", "UserLoggedIn"]
    );
}

#[tokio::test]
async fn a_login_leaves_the_version_of_the_profile_alone() {
    let app = App::start().await;
    let customer = app.customer().await;
    let again = app.log_in(&customer.email, PASSWORD).await.json(200);
    assert_eq!(again["user"]["version"], 1);
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_look_alike() {
    let app = App::start().await;
    let email = unique_email("ada");
    app.register(&email).await.json(201);
    let known = app
        .log_in(&email, "not my password")
        .await
        .problem(401, "credentials_invalid");
    let unknown = app
        .log_in(&unique_email("nobody"), "not my password")
        .await
        .problem(401, "credentials_invalid");
    let visible = |body: &Value| {
        let mut body = body.clone();
        body.as_object_mut().unwrap().remove("request_id");
        body.as_object_mut().unwrap().remove("trace_id");
        body
    };
    assert_eq!(visible(&known), visible(&unknown));
}

#[tokio::test]
async fn guessing_ends_at_the_limit_even_with_the_right_password() {
    let app = App::start_with(&[("LOGIN_ATTEMPTS_MAX", "3")]).await;
    let customer = app.customer().await;
    for _ in 0..3 {
        app.log_in(&customer.email, "wrong password")
            .await
            .problem(401, "credentials_invalid");
    }
    let reply = app.log_in(&customer.email, PASSWORD).await;
    reply.problem(429, "too_many_attempts");
    let wait: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_crowd_of_guesses_at_once_does_not_slip_through_together() {
    let app = App::start_with(&[("LOGIN_ATTEMPTS_MAX", "3")]).await;
    let email = unique_email("ada");
    let guesses = (0..12).map(|_| app.log_in(&email, "wrong password"));
    let replies = futures_util::future::join_all(guesses).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 401).count(),
        3
    );
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 429).count(),
        9
    );
}

#[tokio::test]
async fn the_right_password_starts_the_count_anew() {
    let app = App::start_with(&[("LOGIN_ATTEMPTS_MAX", "3")]).await;
    let customer = app.customer().await;
    for _ in 0..3 {
        app.log_in(&customer.email, "wrong password")
            .await
            .problem(401, "credentials_invalid");
        app.log_in(&customer.email, "wrong password")
            .await
            .problem(401, "credentials_invalid");
        app.log_in(&customer.email, PASSWORD).await.json(200);
    }
}

#[tokio::test]
async fn guessing_from_many_places_ends_too() {
    let app = App::start_with(&[("LOGIN_ATTEMPTS_ACCOUNT_MAX", "4")]).await;
    let email = unique_email("ada");
    let mut codes = Vec::new();
    for source in 0..6 {
        let body = json!({ "email": email, "password": "wrong password" });
        codes.push(
            app.log_in_from(&format!("198.51.100.{source}"), &body)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(codes, [401, 401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn one_source_that_guesses_does_not_lock_the_owner_out_elsewhere() {
    let app = App::start_with(&[("LOGIN_ATTEMPTS_MAX", "2")]).await;
    let customer = app.customer().await;
    let body = json!({ "email": customer.email, "password": "wrong password" });
    for status in [401, 401, 429] {
        assert_eq!(app.log_in_from("198.51.100.7", &body).await.status, status);
    }
    app.log_in(&customer.email, PASSWORD).await.json(200);
}

#[tokio::test]
async fn without_redis_logging_in_still_works() {
    let app = App::start_with(&[NO_REDIS]).await;
    let customer = app.customer().await;
    app.get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    let metrics = app.metrics();
    let line = r#"user_redis_failures_total{use="login_attempts",service="user"}"#;
    assert!(metrics.contains(line), "{metrics}");
}

#[tokio::test]
async fn when_hashing_is_at_its_limit_the_client_hears_when_to_come_back() {
    let app = App::start_with(&[("HASHING_CONCURRENCY", "1"), ("HASHING_WAITING_MAX", "0")]).await;
    let logins = (0..8).map(|_| async { app.log_in(&unique_email("crowd"), "whatever").await });
    let replies = futures_util::future::join_all(logins).await;
    let busy: Vec<_> = replies.iter().filter(|reply| reply.status == 503).collect();
    assert!(!busy.is_empty(), "{replies:?}");
    for reply in busy {
        assert_eq!(reply.problem(503, "hashing_busy")["retryable"], true);
        assert_eq!(reply.header("retry-after"), "1");
    }
}

#[tokio::test]
async fn outcomes_are_counted() {
    let app = App::start().await;
    let customer = app.customer().await;
    app.log_in(&customer.email, "wrong password")
        .await
        .problem(401, "credentials_invalid");
    let metrics = app.metrics();
    for line in [
        r#"user_logins_total{outcome="succeeded",service="user"} 1"#,
        r#"user_logins_total{outcome="refused",service="user"} 1"#,
        // The administrator and the customer.
        r#"users_registered_total{service="user"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}
