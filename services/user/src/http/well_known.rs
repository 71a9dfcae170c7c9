//! Documents at well-known places: the keys, and what the issuer can do.

use axum::{extract::State, response::IntoResponse};
use chassis::http::ApiJson;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::PublicUrl, keys::Keys};

/// Five minutes. A key is published for longer than that after its last signature, and whoever meets a new key id asks
/// again at once.
const CACHEABLE: &str = "public, max-age=300";

/// RFC 7517; described only, the keys themselves are made by the library that signs.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only")]
struct Jwks {
    #[schema(value_type = Vec<Object>)]
    keys: Vec<()>,
}

/// What the issuer can do.
#[derive(Serialize, ToSchema)]
struct Discovery {
    issuer: &'static str,
    jwks_uri: String,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 9],
}

/// The public keys: RFC 7517.
#[utoipa::path(get, path = "/.well-known/jwks.json", responses((status = 200, body = Jwks)))]
pub(super) async fn jwks(State(keys): State<Keys>) -> impl IntoResponse {
    ([(CACHE_CONTROL, CACHEABLE)], ApiJson(keys.jwks().await))
}

/// OpenID Connect Discovery 1.0, section 3, as far as it is true: there is no authorization endpoint and no ID token, and
/// the standard asks for members without a value to be left out.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    responses((status = 200, body = Discovery))
)]
pub(super) async fn openid_configuration(State(url): State<PublicUrl>) -> impl IntoResponse {
    let document = Discovery {
        issuer: chassis::auth::ISSUER,
        jwks_uri: format!("{}/.well-known/jwks.json", url.0),
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        claims_supported: [
            "sub", "iss", "aud", "iat", "exp", "jti", "sid", "roles", "tier",
        ],
    };
    ([(CACHE_CONTROL, CACHEABLE)], ApiJson(document))
}
