//! PayPal's face: JSON, orders that are made and then captured, PayPal's errors, access tokens.
//!
//! What it leaves out: payer approval by redirect (an order with a `payment_source.token` counts as approved),
//! authorisations, several purchase units, fees. `links` are paths, not whole URLs.

mod error;
mod events;
mod objects;
mod orders;
mod payments;
mod submission;
mod tokens;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::any,
};
use chrono::Utc;
use http::{StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use self::error::PaypalError;
use crate::{
    app::AppState,
    domain::{
        Provider,
        command::{Done, Effect},
    },
    process::{Command, Face, Job},
    store::{
        answers::{Answer, Keyed},
        deliveries::NewDelivery,
    },
};

static PAYPAL: Paypal = Paypal;

struct Paypal;

pub(super) fn api() -> OpenApiRouter<AppState> {
    open().merge(protected())
}

fn open() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(tokens::issue))
}

fn protected() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(orders::create))
        .routes(routes!(orders::read))
        .routes(routes!(orders::capture))
        .routes(routes!(payments::read_capture))
        .routes(routes!(payments::refund))
        .routes(routes!(payments::read_refund))
}

pub(super) fn router(state: &AppState) -> Router<AppState> {
    Router::from(protected())
        .route("/v2/{*unknown}", any(|| async { PaypalError::not_found() }))
        .route_layer(middleware::from_fn_with_state(state.clone(), authenticate))
        .merge(Router::from(open()))
        .method_not_allowed_fallback(|| async { PaypalError::method_not_supported() })
}

async fn authenticate(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, PaypalError> {
    if app.keys.has_access_token(request.headers(), Utc::now()) {
        return Ok(next.run(request).await);
    }
    Err(PaypalError::unauthenticated())
}

/// Carries a command out and puts the answer on the wire.
async fn run(
    app: &AppState,
    keyed: Option<Keyed>,
    command: Command,
) -> Result<Response, PaypalError> {
    let reply = app
        .processor
        .run(Job {
            face: &PAYPAL,
            keyed,
            command,
        })
        .await?;
    Ok(json(reply.answer.status, reply.answer.body))
}

fn json(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).expect("only statuses of HTTP are stored");
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// PayPal's ids are capital letters and digits.
fn write_id(id: Uuid) -> String {
    format!("{:X}", id.simple())
}

/// `None` names nothing that exists.
fn read_id(text: &str) -> Option<Uuid> {
    if text.len() == 32 {
        Uuid::try_parse(text).ok()
    } else {
        None
    }
}

impl Face for Paypal {
    fn provider(&self) -> Provider {
        Provider::Paypal
    }

    fn answer(&self, done: &Done) -> Answer {
        match &done.effect {
            Effect::Declined(decline) => {
                let (status, body) = PaypalError::declined(*decline).into_parts();
                Answer {
                    status: status.as_u16(),
                    body,
                }
            }
            Effect::Refunded(refund) => Answer {
                status: 201,
                body: objects::text(&objects::Refund::of(&done.payment, refund)),
            },
            _ => Answer {
                status: 201,
                body: objects::text(&objects::Order::from(&done.payment)),
            },
        }
    }

    fn event(&self, done: &Done, _: Option<&str>) -> Option<NewDelivery> {
        events::event(done)
    }
}
