use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, jwk::JwkSet};

use super::*;
use crate::{
    config::Secret,
    testing::auth::{claims, new_rsa_key, public_jwk},
};

const SERVICE_KEY: &str = "0123456789abcdef0123456789abcdef";

struct Issuer {
    key: EncodingKey,
    verifier: Verifier,
}

fn issuer() -> Issuer {
    let key = new_rsa_key();
    let keys = StaticKeys::default();
    keys.replace(&JwkSet {
        keys: vec![public_jwk(&key, "k1")],
    })
    .unwrap();
    let services = ServiceTokens::new("order", &Secret::new(SERVICE_KEY)).unwrap();
    Issuer {
        key,
        verifier: Verifier::new(Arc::new(keys), services),
    }
}

fn signed(key: &EncodingKey, kid: Option<&str>, claims: &UserClaims) -> String {
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(Algorithm::RS256)
    };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

#[tokio::test]
async fn a_valid_token_names_its_user() {
    let issuer = issuer();
    let user = Uuid::now_v7();
    let token = signed(&issuer.key, Some("k1"), &claims(user, &["customer"], 60));
    let caller = issuer.verifier.verify(&token).await.unwrap();
    assert_eq!(caller.user().unwrap().id, user);
    assert!(caller.may_see(user));
    assert!(!caller.may_see(Uuid::now_v7()));
    assert!(caller.require_role("admin").is_err());
}

#[tokio::test]
async fn a_service_token_names_its_service() {
    let issuer = issuer();
    let token = ServiceTokens::new("payment", &Secret::new(SERVICE_KEY))
        .unwrap()
        .issue();
    let caller = issuer.verifier.verify(&token).await.unwrap();
    assert_eq!(caller.require_service().unwrap(), "payment");
}

#[tokio::test]
async fn tokens_that_must_not_pass_do_not() {
    let issuer = issuer();
    let good = claims(Uuid::now_v7(), &["admin"], 60);
    let sign = |claims: &UserClaims| signed(&issuer.key, Some("k1"), claims);
    let none = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(br#"{"alg":"none","kid":"k1"}"#),
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&good).unwrap()),
    );
    let mut tampered = sign(&good).into_bytes();
    let last = tampered.len() - 10;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    let public = serde_json::to_vec(&public_jwk(&issuer.key, "k1")).unwrap();
    let hmac_with_public_key = jsonwebtoken::encode(
        &Header {
            kid: Some("k1".to_owned()),
            ..Header::new(Algorithm::HS256)
        },
        &good,
        &EncodingKey::from_secret(&public),
    )
    .unwrap();
    for (what, token) in [
        ("foreign key", signed(&new_rsa_key(), Some("k1"), &good)),
        ("unknown kid", signed(&issuer.key, Some("k2"), &good)),
        ("no kid", signed(&issuer.key, None, &good)),
        (
            "wrong issuer",
            sign(&UserClaims {
                iss: "evil".to_owned(),
                ..good.clone()
            }),
        ),
        (
            "wrong audience",
            sign(&UserClaims {
                aud: "other".to_owned(),
                ..good.clone()
            }),
        ),
        ("alg none", none),
        ("tampered", String::from_utf8(tampered).unwrap()),
        ("HMAC with the public key", hmac_with_public_key),
        ("not a token", "abc".to_owned()),
        ("empty", String::new()),
    ] {
        let error = issuer.verifier.verify(&token).await.expect_err(what);
        assert!(matches!(error, AuthError::Invalid(_)), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn an_expired_token_is_called_expired() {
    let issuer = issuer();
    let token = signed(&issuer.key, Some("k1"), &claims(Uuid::now_v7(), &[], -1));
    let error = issuer.verifier.verify(&token).await.unwrap_err();
    assert!(matches!(error, AuthError::Expired), "{error:?}");
}

#[test]
fn a_short_service_key_is_refused() {
    assert!(ServiceTokens::new("order", &Secret::new("short")).is_err());
}
