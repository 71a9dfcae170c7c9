//! OTLP/HTTP: `POST /v1/traces` and `/v1/logs`, protobuf or JSON, plain or gzip
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>). The answer, an error too, is in the
//! encoding of the request.
//!
//! There is no `/v1/metrics`: metrics are scraped. A sender that tries is told so with 404, which
//! it does not repeat, rather than with a success that loses them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Router, routing::post};
use bytes::Bytes;
use prost::Message;
use serde::Serialize;

use super::{Export, Intake, Refusal, unpack};
use crate::metrics::Protocol;
use crate::wire::{LogsData, RpcStatus, TracesData};

/// The routes.
pub fn router(intake: Arc<Intake>) -> Router {
    Router::new()
        .route("/v1/traces", post(export::<TracesData>))
        .route("/v1/logs", post(export::<LogsData>))
        .fallback(async |headers: HeaderMap| {
            let said = "only /v1/traces and /v1/logs are stored here; metrics are scraped";
            failed(
                &headers,
                StatusCode::NOT_FOUND,
                tonic::Code::Unimplemented,
                said,
            )
        })
        .method_not_allowed_fallback(async |headers: HeaderMap| {
            let (status, code) = (StatusCode::METHOD_NOT_ALLOWED, tonic::Code::Unimplemented);
            failed(&headers, status, code, "telemetry is sent with POST")
        })
        .with_state(intake)
}

async fn export<E: Export>(
    State(intake): State<Arc<Intake>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match take::<E>(&intake, &headers, body).await {
        Ok((encoding, answer)) => {
            intake.count(E::SIGNAL, Protocol::Http, "ok");
            encoding.answer(StatusCode::OK, &answer)
        }
        Err(refusal) => {
            intake.count(E::SIGNAL, Protocol::Http, refusal.outcome());
            refused(&headers, &refusal)
        }
    }
}

async fn take<E: Export>(
    intake: &Intake,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Encoding, E::Answer), Refusal> {
    let encoding = Encoding::of(headers).ok_or_else(|| {
        Refusal::Unsupported("send application/x-protobuf or application/json".to_owned())
    })?;
    let packed = packed(headers)?;
    let _turn = intake.turn().await?;
    let mut bytes = unpack::read(body).await?;
    if packed {
        bytes = unpack::gunzip(&bytes)?;
    }
    Ok((encoding, encoding.read::<E>(&bytes)?.store(intake)))
}

fn packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get(CONTENT_ENCODING).map(|value| value.as_bytes()) {
        None | Some(b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => Err(Refusal::Unsupported(
            "send the body as it is, or packed with gzip".to_owned(),
        )),
    }
}

/// The two encodings of OTLP/HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match content_type.split(';').next()?.trim() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    fn read<E: Export>(self, bytes: &Bytes) -> Result<E, Refusal> {
        match self {
            Self::Protobuf => E::read(bytes),
            Self::Json => E::read_json(bytes),
        }
    }

    fn answer(self, status: StatusCode, message: &(impl Message + Serialize)) -> Response {
        let (content_type, bytes) = match self {
            Self::Protobuf => ("application/x-protobuf", message.encode_to_vec()),
            Self::Json => {
                let json = serde_json::to_vec(message);
                let json = json.expect("a message of OTLP can be written as JSON");
                ("application/json", json)
            }
        };
        (status, [(CONTENT_TYPE, content_type)], bytes).into_response()
    }
}

fn refused(headers: &HeaderMap, refusal: &Refusal) -> Response {
    let said = refusal.to_string();
    let mut response = failed(headers, refusal.http(), refusal.grpc(), &said);
    if *refusal == Refusal::Busy {
        response.headers_mut().insert(RETRY_AFTER, 1.into());
    }
    response
}

/// `google.rpc.Status` in the encoding of the request; JSON for whoever looks with a browser.
fn failed(headers: &HeaderMap, status: StatusCode, code: tonic::Code, said: &str) -> Response {
    let encoding = Encoding::of(headers).unwrap_or(Encoding::Json);
    let body = RpcStatus {
        code: code.into(),
        message: said.to_owned(),
    };
    encoding.answer(status, &body)
}
