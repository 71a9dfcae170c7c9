//! Refresh tokens: rotation, reuse, expiry; and logging out.

use std::time::Duration;

use chassis::testing::wait_for;
use parts::for_tests::PrivateRedis;
use reqwest::Method;

use crate::support::{App, NO_REDIS, Session};

async fn log_out(app: &App, token: &str) {
    let reply = app
        .send(Method::POST, "/api/v1/auth/logout", Some(token), None)
        .await;
    assert_eq!(reply.status, 204, "{}", reply.text);
}

async fn rotated(app: &App, session: &Session) -> (String, String) {
    let body = app.refresh(&session.refresh).await.json(200);
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[tokio::test]
async fn refreshing_gives_a_fresh_pair_of_the_same_session() {
    let app = App::start().await;
    let customer = app.customer().await;
    let (access, refresh) = rotated(&app, &customer).await;
    assert_ne!(access, customer.access);
    assert_ne!(refresh, customer.refresh);
    app.get("/api/v1/users/me", &access).await.json(200);
    app.refresh(&refresh).await.json(200);
    let sessions: i64 = sqlx::query_scalar("SELECT count(*) FROM sessions WHERE user_id = $1")
        .bind(customer.id)
        .fetch_one(app.pool())
        .await
        .unwrap();
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn a_token_that_comes_back_ends_the_whole_family() {
    let app = App::start().await;
    let customer = app.customer().await;
    let (access, refresh) = rotated(&app, &customer).await;
    app.refresh(&customer.refresh)
        .await
        .problem(401, "refresh_token_reused");
    // The newest tokens are as dead as the old ones, whoever holds them.
    app.refresh(&refresh).await.problem(401, "session_revoked");
    app.refresh(&customer.refresh)
        .await
        .problem(401, "refresh_token_reused");
    for token in [&customer.access, &access] {
        app.get("/api/v1/users/me", token)
            .await
            .problem(401, "token_revoked");
    }
}

#[tokio::test]
async fn another_session_of_the_same_user_survives_a_reuse() {
    let app = App::start().await;
    let first = app.customer().await;
    let second = app.session(&first.email, crate::support::PASSWORD).await;
    rotated(&app, &first).await;
    app.refresh(&first.refresh)
        .await
        .problem(401, "refresh_token_reused");
    app.get("/api/v1/users/me", &second.access).await.json(200);
    app.refresh(&second.refresh).await.json(200);
}

#[tokio::test]
async fn of_many_refreshes_at_once_exactly_one_wins() {
    let app = App::start().await;
    let customer = app.customer().await;
    let second = app.second(&[]).await;
    let here = (0..5).map(|_| app.refresh(&customer.refresh));
    let there = (0..5).map(|_| second.refresh(&customer.refresh));
    let (here, there) = tokio::join!(
        futures_util::future::join_all(here),
        futures_util::future::join_all(there)
    );
    let replies: Vec<_> = here.into_iter().chain(there).collect();
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    for loser in replies.iter().filter(|reply| reply.status != 200) {
        loser.problem(401, "refresh_token_reused");
    }
}

#[tokio::test]
async fn a_token_past_its_time_is_refused_and_ends_nothing() {
    let app = App::start().await;
    let customer = app.customer().await;
    sqlx::query("UPDATE refresh_tokens SET expires_at = now() - interval '1 second'")
        .execute(app.pool())
        .await
        .unwrap();
    app.refresh(&customer.refresh)
        .await
        .problem(401, "refresh_token_expired");
    app.get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
}

#[tokio::test]
async fn refresh_tokens_are_stored_by_hash_and_last_seven_days() {
    let app = App::start().await;
    let customer = app.customer().await;
    let row: (Vec<u8>, bool) = sqlx::query_as(
        "SELECT t.hash, t.expires_at BETWEEN now() + interval '6 days 23 hours' AND now() + interval '7 days'
         FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE s.user_id = $1",
    )
    .bind(customer.id)
    .fetch_one(app.pool())
    .await
    .unwrap();
    assert_eq!((row.0.len(), row.1), (32, true));
    assert!(!row.0.starts_with(&customer.refresh.as_bytes()[..8]));
}

#[tokio::test]
async fn logging_out_ends_the_session_the_token_and_its_siblings() {
    let app = App::start().await;
    let customer = app.customer().await;
    let (access, refresh) = rotated(&app, &customer).await;
    log_out(&app, &access).await;
    app.refresh(&refresh).await.problem(401, "session_revoked");
    for token in [&customer.access, &access] {
        app.get("/api/v1/users/me", token)
            .await
            .problem(401, "token_revoked");
    }
    let types = app.event_types(customer.id).await;
    assert_eq!(types, ["UserRegistered", "UserLoggedIn", "UserLoggedOut"]);
}

#[tokio::test]
async fn logging_out_tells_redis_until_the_token_would_have_expired() {
    let app = App::start().await;
    let customer = app.customer().await;
    let claims = app
        .get("/api/v1/auth/validate", &customer.access)
        .await
        .json(200)["claims"]
        .clone();
    log_out(&app, &customer.access).await;
    let client = redis::Client::open(chassis::testing::env("TEST_REDIS_URL")).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    for id in ["jti", "sid"] {
        let key = format!("revoked:{}", claims[id].as_str().unwrap());
        let ttl: i64 = redis::cmd("TTL")
            .arg(key)
            .query_async(&mut redis)
            .await
            .unwrap();
        assert!((1..=900).contains(&ttl), "{id}: {ttl}");
    }
}

#[tokio::test]
async fn a_logout_while_redis_is_away_is_announced_when_it_is_back() {
    let mut redis = PrivateRedis::start().await.unwrap();
    let url = redis.url();
    let settings = [("REDIS_URL", &*url), ("REVOCATION_POLL_MS", "20")];
    let app = App::start_with(&settings).await;
    let customer = app.customer().await;
    let claims = app
        .get("/api/v1/auth/validate", &customer.access)
        .await
        .json(200)["claims"]
        .clone();
    redis.kill().await.unwrap();
    log_out(&app, &customer.access).await;
    redis.restart().await.unwrap();

    let key = format!("revoked:{}", claims["sid"].as_str().unwrap());
    let client = redis::Client::open(url).unwrap();
    let mut there = client.get_multiplexed_async_connection().await.unwrap();
    wait_for(Duration::from_secs(60), async || {
        let found: Option<u8> = redis::cmd("GET")
            .arg(&key)
            .query_async(&mut there)
            .await
            .unwrap();
        found.is_some()
    })
    .await;
    app.get("/api/v1/users/me", &customer.access)
        .await
        .problem(401, "token_revoked");
    wait_for(Duration::from_secs(60), async || {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL AND NOT announced",
        )
        .fetch_one(app.pool())
        .await
        .unwrap();
        waiting == 0
    })
    .await;
}

#[tokio::test]
async fn without_redis_a_logged_out_token_is_refused_by_this_service_all_the_same() {
    let app = App::start_with(&[NO_REDIS]).await;
    let customer = app.customer().await;
    log_out(&app, &customer.access).await;
    app.get("/api/v1/users/me", &customer.access)
        .await
        .problem(401, "token_revoked");
    app.refresh(&customer.refresh)
        .await
        .problem(401, "session_revoked");
}
