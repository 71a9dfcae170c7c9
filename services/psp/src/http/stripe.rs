//! Stripe's face: form-encoded requests, `pi_…`, `ch_…`, `re_…` and `evt_…` objects, Stripe's errors.
//!
//! What it leaves out is left out of the answers, too: customers, setup, 3-D Secure, `expand`. Unknown parameters are
//! ignored. A charge appears when money moves, not when it is authorised or declined.

mod described;
mod error;
mod events;
mod id;
mod intents;
mod list;
mod objects;
mod params;
mod refunds;
mod search;
mod submission;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderName, Method, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::error::StripeError;
use crate::{
    app::AppState,
    domain::{
        Provider,
        command::{Done, Effect},
    },
    process::{Command, Face, Job, Reply},
    store::{
        answers::{Answer, Keyed},
        deliveries::NewDelivery,
    },
};

/// `true` on an answer that was given before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

static STRIPE: Stripe = Stripe;

struct Stripe;

pub(super) fn api() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(intents::list, intents::create))
        .routes(routes!(search::by_order))
        .routes(routes!(intents::read))
        .routes(routes!(intents::confirm))
        .routes(routes!(intents::capture))
        .routes(routes!(intents::cancel))
        .routes(routes!(refunds::list, refunds::create))
        .routes(routes!(refunds::read))
        .routes(routes!(events::list))
        .routes(routes!(events::read))
}

pub(super) fn router(state: &AppState) -> Router<AppState> {
    Router::from(api())
        .route("/v1/{*unknown}", any(unknown))
        .method_not_allowed_fallback(unknown)
        .route_layer(middleware::from_fn_with_state(state.clone(), authenticate))
}

async fn authenticate(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, StripeError> {
    if app.keys.has_api_key(request.headers()) {
        return Ok(next.run(request).await);
    }
    Err(StripeError::unauthorized(
        request.headers().contains_key(header::AUTHORIZATION),
    ))
}

/// Stripe answers a wrong method as it answers a wrong path.
async fn unknown(method: Method, request: Request) -> StripeError {
    StripeError::invalid(format!(
        "Unrecognized request URL ({method}: {}).",
        request.uri().path()
    ))
    .with_status(StatusCode::NOT_FOUND)
}

/// Carries a command out and puts the answer on the wire.
async fn run(
    app: &AppState,
    keyed: Option<Keyed>,
    command: Command,
) -> Result<Response, StripeError> {
    let Reply { answer, replayed } = app
        .processor
        .run(Job {
            face: &STRIPE,
            keyed,
            command,
        })
        .await?;
    let mut response = json(answer.status, answer.body);
    if replayed {
        response.headers_mut().insert(
            IDEMPOTENT_REPLAYED,
            header::HeaderValue::from_static("true"),
        );
    }
    Ok(response)
}

fn json(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("only statuses of HTTP are stored");
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl Face for Stripe {
    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn answer(&self, done: &Done) -> Answer {
        match &done.effect {
            Effect::Declined(decline) => {
                let (status, body) = StripeError::declined(*decline, &done.payment).into_parts();
                Answer {
                    status: status.as_u16(),
                    body,
                }
            }
            Effect::Refunded(refund) => Answer {
                status: 200,
                body: objects::text(&objects::Refund::from(refund)),
            },
            _ => Answer {
                status: 200,
                body: objects::text(&objects::Intent::from(&done.payment)),
            },
        }
    }

    fn event(&self, done: &Done, key: Option<&str>) -> Option<NewDelivery> {
        events::event(done, key)
    }
}
