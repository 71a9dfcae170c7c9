//! Access tokens: what is in them, and which ones must not pass.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chassis::{
    auth::UserClaims,
    testing::{
        auth::{claims, new_rsa_key},
        wait_for,
    },
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{App, Reply, service_token};

async fn me(app: &App, token: &str) -> Reply {
    app.get("/api/v1/users/me", token).await
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn signed(algorithm: Algorithm, kid: &str, claims: &UserClaims, key: &EncodingKey) -> String {
    let header = Header {
        kid: Some(kid.to_owned()),
        ..Header::new(algorithm)
    };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

#[tokio::test]
async fn an_access_token_says_who_for_whom_and_until_when() {
    let app = App::start().await;
    let customer = app.customer().await;
    let (header, claims) = (part(&customer.access, 0), part(&customer.access, 1));
    assert_eq!(header["alg"], "RS256");
    assert_eq!(claims["sub"], json!(customer.id));
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("faultline/user"), &json!("faultline"))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    assert_eq!(claims["roles"], json!(["customer"]));
    let jwks = app.get("/.well-known/jwks.json", "").await.json(200);
    assert_eq!(jwks["keys"][0]["kid"], header["kid"]);
    for personal in ["email", "name"] {
        assert!(claims.get(personal).is_none());
    }
}

#[tokio::test]
async fn tokens_that_must_not_pass_do_not() {
    let app = App::start().await;
    let customer = app.customer().await;
    let kid = part(&customer.access, 0)["kid"]
        .as_str()
        .unwrap()
        .to_owned();
    let good = claims(customer.id, &["admin"], 600);
    let foreign = new_rsa_key();
    let jwks = app.get("/.well-known/jwks.json", "").await.json(200);
    let public_pem = jwks["keys"][0]["n"].as_str().unwrap().to_owned();
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": kid }).to_string()),
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&good).unwrap()),
    );
    let [header, payload, signature] = customer.access.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts")
    };
    let admin = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&good).unwrap());
    for (what, token) in [
        (
            "foreign key under our kid",
            signed(Algorithm::RS256, &kid, &good, &foreign),
        ),
        (
            "unknown kid",
            signed(Algorithm::RS256, "other", &good, &foreign),
        ),
        (
            "other RSA hash",
            signed(Algorithm::RS512, &kid, &good, &foreign),
        ),
        (
            "HS256 with the public key",
            signed(
                Algorithm::HS256,
                &kid,
                &good,
                &EncodingKey::from_secret(public_pem.as_bytes()),
            ),
        ),
        (
            "HS256 with the JWK",
            signed(
                Algorithm::HS256,
                &kid,
                &good,
                &EncodingKey::from_secret(jwks["keys"][0].to_string().as_bytes()),
            ),
        ),
        ("alg none", none),
        (
            "other claims under our signature",
            format!("{header}.{admin}.{signature}"),
        ),
        ("no signature", format!("{header}.{payload}.")),
        ("rubbish", "abc".to_owned()),
        ("dots", "..".to_owned()),
    ] {
        let reply = me(&app, &token).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text);
        reply.problem(401, "token_invalid");
        assert_eq!(reply.header("www-authenticate"), "Bearer", "{what}");
    }
    let nobody = app.send(Method::GET, "/api/v1/users/me", None, None).await;
    nobody.problem(401, "token_missing");
}

#[tokio::test]
async fn an_expired_token_is_called_expired() {
    let app = App::start_with(&[("ACCESS_TOKEN_LIFETIME_S", "0")]).await;
    let customer = app.customer().await;
    // Good until the second of its birth is over.
    wait_for(Duration::from_secs(5), async || {
        me(&app, &customer.access).await.status == 401
    })
    .await;
    me(&app, &customer.access)
        .await
        .problem(401, "token_expired");
}

#[tokio::test]
async fn validating_answers_claims_and_permissions() {
    let app = App::start().await;
    let customer = app.customer().await;
    let body = app
        .get("/api/v1/auth/validate", &customer.access)
        .await
        .json(200);
    assert_eq!(body["claims"]["sub"], json!(customer.id));
    assert_eq!(body["claims"]["jti"], part(&customer.access, 1)["jti"]);
    assert_eq!(body["permissions"], json!(["profile:own", "orders:own"]));

    let admin = app.admin().await;
    let body = app
        .get("/api/v1/auth/validate", &admin.access)
        .await
        .json(200);
    let permissions = body["permissions"].as_array().unwrap();
    assert!(
        permissions.contains(&json!("roles:write")) && permissions.contains(&json!("keys:rotate"))
    );

    let body = app
        .get("/api/v1/auth/validate", &service_token("order"))
        .await
        .json(200);
    assert_eq!(
        body,
        json!({ "claims": { "sub": "order" }, "permissions": ["users:read"] })
    );
}
