//! `POST /webhooks/psp`: events of the providers. The signature is what lets them in.

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use chassis::{Problem, http::ApiJson};
use chrono::Utc;
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tracing::warn;
use utoipa::ToSchema;

use crate::{
    commands::Commands,
    provider::webhook::Notice,
    signature::{SignatureCheck, SignatureError},
};

#[derive(Serialize, ToSchema)]
pub(super) struct Received {
    /// What became of it, for people who look at the provider's log of deliveries.
    outcome: &'static str,
}

/// 200 for every event that is one, also when it changes nothing: anything else would make the provider send it again.
#[utoipa::path(
    post,
    path = "/webhooks/psp",
    request_body(content = Object, description = "An event, signed by its provider."),
    responses(
        (status = 200, body = Received),
        (status = 400, description = "webhook_malformed"),
        (status = 401, description = "webhook_signature_invalid")
    )
)]
pub(super) async fn receive(
    State(commands): State<Commands>,
    State(signatures): State<SignatureCheck>,
    headers: HeaderMap,
    payload: Result<Bytes, BytesRejection>,
) -> Result<ApiJson<Received>, Problem> {
    let payload = payload.map_err(|rejection| unreadable(&rejection))?;
    let count = |provider: &str, outcome: &str| {
        commands
            .metrics()
            .webhooks
            .with_label_values(&[provider, outcome])
            .inc();
    };
    let provider = signatures
        .sender(&headers, &payload, Utc::now())
        .map_err(|error| {
            warn!(%error, "a webhook was not believed");
            count("unknown", "bad_signature");
            refuse(error)
        })?;
    let notice = Notice::parse(provider, &payload).map_err(|error| {
        warn!(%error, provider = provider.as_str(), "a webhook was not understood");
        count(provider.as_str(), "malformed");
        Problem::bad_request(
            "webhook_malformed",
            "The body is not an event of this provider.",
        )
    })?;
    let outcome = commands.apply(notice).await?.as_str();
    count(provider.as_str(), outcome);
    Ok(ApiJson(Received { outcome }))
}

fn refuse(error: SignatureError) -> Problem {
    let detail = match error {
        SignatureError::OutOfTime => "The signature is too old.",
        SignatureError::Missing | SignatureError::Wrong => "The signature is missing or wrong.",
    };
    Problem::unauthorized("webhook_signature_invalid", detail)
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = "The body is larger than this service accepts.";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    } else {
        Problem::bad_request("body_unreadable", "The body could not be read to its end.")
    }
}
