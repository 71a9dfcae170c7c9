//! Signing keys: made once, rotated on demand, never in the clear.

use std::collections::BTreeSet;

use chassis::testing;
use reqwest::Method;
use serde_json::Value;

use crate::support::{App, Instance, PASSWORD, Reply, service_token, unique_email};

const ROTATE: &str = "/api/v1/auth/keys/rotate";

async fn rotate(app: &Instance, token: &str) -> Reply {
    app.send(Method::POST, ROTATE, Some(token), None).await
}

async fn kids(instance: &Instance) -> BTreeSet<String> {
    let jwks = instance
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await
        .json(200);
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    jwks["keys"].as_array().unwrap().iter().map(kid).collect()
}

fn kid_of(token: &str) -> String {
    jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
}

#[tokio::test]
async fn the_key_set_holds_public_keys_alone_and_may_be_cached() {
    let app = App::start().await;
    let reply = app
        .send(Method::GET, "/.well-known/jwks.json", None, None)
        .await;
    let key = reply.json(200)["keys"][0].clone();
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&"RSA".into(), &"RS256".into(), &"sig".into())
    );
    let members: BTreeSet<_> = key
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        BTreeSet::from(["alg", "e", "kid", "kty", "n", "use"])
    );
    // 2048 bits are 256 bytes are 342 characters.
    assert_eq!(key["n"].as_str().unwrap().len(), 342);
    assert_eq!(reply.header("cache-control"), "public, max-age=300");
}

#[tokio::test]
async fn after_a_rotation_new_tokens_have_the_new_key_and_old_ones_still_pass() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    let old = kid_of(&customer.access);
    let body = rotate(&app, &admin.access).await.json(201);
    let new = body["kid"].as_str().unwrap().to_owned();
    assert_eq!(body["previous_kid"], old);
    assert!(body["previous_published_until"].is_string());
    assert_eq!(kids(&app).await, BTreeSet::from([old, new.clone()]));
    app.get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    assert_eq!(
        kid_of(&app.session(&customer.email, PASSWORD).await.access),
        new
    );
    let refreshed = app.refresh(&customer.refresh).await.json(200);
    assert_eq!(kid_of(refreshed["access_token"].as_str().unwrap()), new);
}

#[tokio::test]
async fn a_key_goes_when_its_last_token_has_expired() {
    let app = App::start().await;
    let (admin, customer) = (app.admin().await, app.customer().await);
    rotate(&app, &admin.access).await.json(201);
    sqlx::query(
        "UPDATE signing_keys SET published_until = now() - interval '1 second' WHERE published_until IS NOT NULL",
    )
    .execute(app.pool())
    .await
    .unwrap();
    assert_eq!(kids(&app).await.len(), 1);
    app.get("/api/v1/users/me", &customer.access)
        .await
        .problem(401, "token_invalid");
}

#[tokio::test]
async fn another_instance_accepts_and_publishes_the_new_key_at_once() {
    let app = App::start().await;
    let second = app.second(&[]).await;
    let admin = app.admin().await;
    let new = rotate(&app, &admin.access).await.json(201)["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    let customer = app.customer().await;
    assert_eq!(kid_of(&customer.access), new);
    second
        .get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    assert!(kids(&second).await.contains(&new));
}

#[tokio::test]
async fn only_administrators_rotate() {
    let app = App::start().await;
    let customer = app.customer().await;
    rotate(&app, &customer.access)
        .await
        .problem(403, "role_missing");
    rotate(&app, &service_token("order"))
        .await
        .problem(403, "role_missing");
    app.send(Method::POST, ROTATE, None, None)
        .await
        .problem(401, "token_missing");
    assert_eq!(kids(&app).await.len(), 1);
}

#[tokio::test]
async fn rotations_at_once_leave_one_active_key() {
    let app = App::start().await;
    let admin = app.admin().await;
    let rotations = (0..4).map(|_| rotate(&app, &admin.access));
    for reply in futures_util::future::join_all(rotations).await {
        reply.json(201);
    }
    let active: i64 =
        sqlx::query_scalar("SELECT count(*) FROM signing_keys WHERE published_until IS NULL")
            .fetch_one(app.pool())
            .await
            .unwrap();
    assert_eq!((active, kids(&app).await.len()), (1, 5));
}

#[tokio::test]
async fn instances_that_start_at_once_share_one_key_and_one_administrator() {
    let db = testing::database(&user::MIGRATOR).await;
    let email = unique_email("admin");
    let settings = [
        ("ADMIN_EMAIL", &*email),
        ("ADMIN_PASSWORD", "correct operator staple"),
    ];
    let starts = (0..3).map(|_| Instance::try_start(&db.url, &settings));
    let started = futures_util::future::join_all(starts).await;
    let instances: Vec<_> = started.into_iter().collect::<Result<_, _>>().unwrap();
    let first = kids(&instances[0]).await;
    assert_eq!(first.len(), 1);
    for instance in &instances {
        assert_eq!(kids(instance).await, first);
    }
    let administrators: i64 = sqlx::query_scalar("SELECT count(*) FROM users")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    assert_eq!(administrators, 1);
    let token = instances[0]
        .session(&email, "correct operator staple")
        .await
        .access;
    instances[1].get("/api/v1/users/me", &token).await.json(200);
}

#[tokio::test]
async fn a_restart_signs_with_the_same_key() {
    let app = App::start().await;
    let customer = app.customer().await;
    let restarted = app.second(&[]).await;
    restarted
        .get("/api/v1/users/me", &customer.access)
        .await
        .json(200);
    assert_eq!(kids(&restarted).await, kids(&app).await);
}

#[tokio::test]
async fn the_private_key_is_not_in_the_database_in_the_clear_and_opens_with_the_right_key_alone() {
    let app = App::start().await;
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT private_sealed FROM signing_keys")
        .fetch_one(app.pool())
        .await
        .unwrap();
    // The algorithm identifier of RSA, which every PKCS#8 key begins with.
    let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    assert!(!sealed.windows(rsa.len()).any(|window| window == rsa));

    let other = [("KEY_ENCRYPTION_KEY", &*"bb".repeat(32))];
    let Err(error) = Instance::try_start(&app.db.url, &other).await else {
        panic!("a service with the wrong key started")
    };
    let error = format!("{error:#}");
    assert!(
        error.contains("KEY_ENCRYPTION_KEY is not the one"),
        "{error}"
    );
}

#[tokio::test]
async fn discovery_says_what_is_true_and_where_the_keys_are() {
    let app = App::start_with(&[("PUBLIC_URL", "https://shop.example/")]).await;
    let reply = app
        .send(Method::GET, "/.well-known/openid-configuration", None, None)
        .await;
    let document = reply.json(200);
    assert_eq!(document["issuer"], chassis::auth::ISSUER);
    assert_eq!(
        document["jwks_uri"],
        "https://shop.example/.well-known/jwks.json"
    );
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        serde_json::json!(["RS256"])
    );
    assert!(document.get("authorization_endpoint").is_none());
}
