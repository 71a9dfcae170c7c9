//! Who comes in: nobody with a bad token, also where none is needed.

use chassis::testing::{
    self,
    auth::{TestAuth, claims},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use redis::AsyncCommands as _;
use reqwest::Method;
use uuid::Uuid;

use crate::support::{Gateway, send};

#[tokio::test]
async fn without_a_token_only_public_routes_are_open() {
    let gateway = Gateway::start().await;
    for (method, path) in [
        (Method::GET, "/api/v1/products?search=x"),
        (Method::GET, "/api/v1/inventory/1"),
        (Method::POST, "/api/v1/products/batch"),
        (Method::POST, "/api/v1/auth/login"),
        (Method::POST, "/api/v1/auth/register"),
        (Method::POST, "/api/v1/auth/refresh"),
        (Method::POST, "/api/v1/auth/verify-email"),
    ] {
        let answer = send(gateway.request(method, path)).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let before = gateway.upstream("user").hits();
    for (method, path) in [
        (Method::POST, "/api/v1/products"),
        (Method::POST, "/api/v1/products/import"),
        (Method::DELETE, "/api/v1/products/1"),
        (Method::POST, "/api/v1/inventory/1/restock"),
        (Method::POST, "/api/v1/auth/logout"),
        (Method::GET, "/api/v1/users/me"),
        (Method::GET, "/api/v1/orders"),
        (Method::GET, "/api/v1/payments/1"),
        (Method::GET, "/api/v1/notifications"),
    ] {
        let answer = send(gateway.request(method, path)).await;
        assert_eq!(answer.problem(), (401, "token_missing"), "{path}");
        assert!(answer.headers.contains_key("www-authenticate"), "{path}");
    }
    assert_eq!(gateway.upstream("user").hits(), before);
    assert_eq!(gateway.upstream("order").hits(), 0);
}

#[tokio::test]
async fn a_bad_token_is_401_on_every_route_and_reaches_nobody() {
    let gateway = Gateway::start().await;
    let (user, stranger) = (Uuid::now_v7(), TestAuth::start().await);
    let mut other_audience = claims(user, &["admin"], 900);
    other_audience.aud = "somebody-else".to_owned();
    let good = gateway.auth.user_token(user, &["customer"]);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let secret = EncodingKey::from_secret(b"a guess at the key of the services");
    let hs256 = Header::new(Algorithm::HS256);
    for (token, code) in [
        (gateway.auth.expired_token(user), "token_expired"),
        (stranger.user_token(user, &["admin"]), "token_invalid"),
        (gateway.auth.sign(&other_audience), "token_invalid"),
        (gateway.auth.service_token("order"), "token_invalid"),
        (
            jsonwebtoken::encode(&hs256, &claims(user, &["admin"], 900), &secret).unwrap(),
            "token_invalid",
        ),
        (unsigned(&good), "token_invalid"),
        (format!("{head}."), "token_invalid"),
        (
            format!("{head}.{}", signature.to_lowercase()),
            "token_invalid",
        ),
        ("nonsense".to_owned(), "token_invalid"),
    ] {
        for path in ["/api/v1/orders", "/api/v1/products"] {
            let answer = send(gateway.get(path).bearer_auth(&token)).await;
            assert_eq!(answer.problem(), (401, code), "{path} {token}");
        }
    }
    let two = gateway
        .get("/api/v1/orders")
        .bearer_auth(&good)
        .bearer_auth(&good);
    assert_eq!(send(two).await.problem(), (401, "token_invalid"));
    assert_eq!(gateway.upstream("order").hits(), 0);
    assert_eq!(gateway.upstream("product").hits(), 0);
    let answer = send(gateway.get("/api/v1/orders").bearer_auth(&good)).await;
    assert_eq!(answer.status, 200);
}

/// The same claims under `{"alg":"none"}`.
fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("eyJhbGciOiJub25lIn0.{claims}.")
}

#[tokio::test]
async fn a_revoked_token_is_401_at_once_and_so_is_every_token_of_a_revoked_session() {
    let gateway = Gateway::start().await;
    let client = redis::Client::open(testing::env("TEST_REDIS_URL")).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let claims = || claims(Uuid::now_v7(), &["customer"], 900);
    let (one, two) = (claims(), claims());
    for (claims, revoked) in [(&one, one.jti), (&two, two.sid)] {
        let token = gateway.auth.sign(claims);
        let ask = || gateway.get("/api/v1/orders").bearer_auth(&token);
        assert_eq!(send(ask()).await.status, 200);
        let key = format!("revoked:{revoked}");
        let () = redis.set_ex(key, "1", 60).await.unwrap();
        assert_eq!(send(ask()).await.problem(), (401, "token_revoked"));
    }
    assert_eq!(gateway.upstream("order").hits(), 2);
}
