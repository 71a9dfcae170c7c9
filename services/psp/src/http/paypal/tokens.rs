//! `POST /v1/oauth2/token`: client credentials (RFC 6749, section 4.4). Any client id; the secret is the API key.

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::objects;
use crate::{app::AppState, http::keys::ACCESS_TOKEN_SECONDS};

#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "described only; the form is searched for the one pair that matters"
)]
struct TokenRequest {
    #[schema(pattern = "^client_credentials$")]
    grant_type: String,
}

#[derive(Serialize, ToSchema)]
struct TokenBody {
    scope: &'static str,
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
}

#[derive(Serialize, ToSchema)]
struct TokenRefused {
    error: &'static str,
    error_description: &'static str,
}

#[utoipa::path(
    post,
    path = "/v1/oauth2/token",
    operation_id = "issue_token",
    security(("client" = [])),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, body = TokenBody),
        (status = 400, body = TokenRefused, description = "Another grant type."),
        (
            status = 401,
            body = TokenRefused,
            description = "Another secret.",
            headers(("WWW-Authenticate" = String))
        )
    )
)]
pub(super) async fn issue(
    State(app): State<AppState>,
    headers: HeaderMap,
    form: Bytes,
) -> Response {
    if !app.keys.has_client_secret(&headers) {
        return refuse(401, "invalid_client", "Client Authentication failed");
    }
    let mut pairs = form_urlencoded::parse(&form);
    if !pairs.any(|(name, value)| name == "grant_type" && value == "client_credentials") {
        return refuse(
            400,
            "unsupported_grant_type",
            "Use the grant type client_credentials",
        );
    }
    let body = TokenBody {
        scope: "https://uri.paypal.com/services/payments/payment",
        access_token: app.keys.issue_access_token(Utc::now()),
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_SECONDS,
    };
    super::json(200, objects::text(&body))
}

fn refuse(status: u16, error: &'static str, description: &'static str) -> Response {
    let body = TokenRefused {
        error,
        error_description: description,
    };
    let mut response = super::json(status, objects::text(&body));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Basic realm=\"paypal\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    response.into_response()
}
