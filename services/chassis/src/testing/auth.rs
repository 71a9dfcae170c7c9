//! Identities for the tests of services: an issuer with a fresh RSA key that publishes its JWKS on loopback, as the user
//! service does, and the shared key of services.

use std::net::SocketAddr;

use aws_lc_rs::{encoding::AsDer, rsa};
use axum::{Router, routing::get};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::Utc;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, KeyAlgorithm},
};
use uuid::Uuid;

use crate::{
    auth::{AUDIENCE, ISSUER, ServiceTokens, UserClaims},
    config::Secret,
    http::ApiJson,
};

/// An issuer of tokens for one test.
pub struct TestAuth {
    jwks_addr: SocketAddr,
    key: EncodingKey,
    kid: String,
    service_key: String,
    server: tokio::task::JoinHandle<()>,
}

impl TestAuth {
    /// Makes a key and serves its public half until dropped.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start() -> Self {
        let (key, pem_kid) = (new_rsa_key(), Uuid::now_v7().to_string());
        let set = JwkSet {
            keys: vec![public_jwk(&key, &pem_kid)],
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let jwks_addr = listener.local_addr().expect("a bound port has an address");
        let router = Router::new().route("/jwks.json", get(move || async { ApiJson(set) }));
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no service to spawn through"
        )]
        let server = tokio::spawn(async move {
            axum::serve(listener, router)
                .await
                .expect("serving on loopback");
        });
        let service_key = Uuid::now_v7().to_string();
        Self {
            jwks_addr,
            key,
            kid: pem_kid,
            service_key,
            server,
        }
    }

    /// The variables that a service needs to accept this issuer's tokens.
    pub fn env(&self) -> Vec<(String, String)> {
        vec![
            (
                "JWKS_URL".to_owned(),
                format!("http://{}/jwks.json", self.jwks_addr),
            ),
            ("SERVICE_TOKEN_KEY".to_owned(), self.service_key.clone()),
        ]
    }

    /// A valid access token of a user.
    pub fn user_token(&self, user: Uuid, roles: &[&str]) -> String {
        self.sign(&claims(user, roles, 900))
    }

    /// A token whose time is up.
    pub fn expired_token(&self, user: Uuid) -> String {
        self.sign(&claims(user, &["customer"], -1))
    }

    /// Signs any claims with this issuer's key and key id.
    pub fn sign(&self, claims: &UserClaims) -> String {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, claims, &self.key).expect("signing plain claims")
    }

    /// A token as the named service would send it.
    pub fn service_token(&self, name: &'static str) -> String {
        ServiceTokens::new(name, &Secret::new(self.service_key.clone()))
            .expect("the test key is long enough")
            .issue()
    }
}

impl Drop for TestAuth {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Claims as the user service makes them, valid for so many seconds from now.
pub fn claims(user: Uuid, roles: &[&str], seconds: i64) -> UserClaims {
    let now = Utc::now().timestamp();
    UserClaims {
        sub: user,
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        iat: now,
        exp: now + seconds,
        jti: Uuid::now_v7(),
        sid: Uuid::now_v7(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        tier: "standard".to_owned(),
    }
}

/// A fresh 2048-bit key.
pub fn new_rsa_key() -> EncodingKey {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("key generation");
    let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).expect("PKCS#8");
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    EncodingKey::from_rsa_pem(pem.as_bytes()).expect("our own PEM")
}

/// The public half of a key, under an id.
pub fn public_jwk(key: &EncodingKey, kid: &str) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::RS256).expect("an RSA key");
    jwk.common.key_id = Some(kid.to_owned());
    jwk.common.key_algorithm = Some(KeyAlgorithm::RS256);
    jwk
}
