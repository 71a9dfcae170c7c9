//! Stripe's errors: `{"error": {"type", "code", "decline_code", "message", "param", "payment_intent"}}`.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use super::{id, objects};
use crate::{
    domain::{
        payment::{Payment, Refusal},
        token::Decline,
    },
    http::error_source::database_failure,
    process::Failure,
};

/// An error as Stripe words it.
#[derive(Debug)]
pub(super) struct StripeError {
    status: StatusCode,
    body: Box<Body>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StripeErrorBody)]
struct Body {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<&'static str>,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_intent: Option<objects::Intent>,
}

/// As it travels.
#[derive(Serialize, ToSchema)]
#[schema(as = StripeError)]
pub(super) struct Envelope {
    error: Box<Body>,
}

/// What every operation of this face can answer instead of what was asked for.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "described only; errors are made as StripeError")]
pub(super) enum Failures {
    /// The request makes no sense, or the state of the object does not allow it.
    #[response(status = 400)]
    Invalid(Envelope),
    /// No API key, or not the right one.
    #[response(status = 401)]
    Unauthorized(Envelope),
    /// The id names nothing.
    #[response(status = 404)]
    Missing(Envelope),
    /// A request with this key is in progress.
    #[response(status = 409)]
    KeyInUse(Envelope),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(Envelope),
    /// Something went wrong.
    #[response(status = 500)]
    Internal(Envelope),
    /// The database is away.
    #[response(status = 503)]
    Unavailable(Envelope),
    /// It took too long, and may have been carried out.
    #[response(status = 504)]
    TimedOut(Envelope),
}

impl StripeError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let body = Body {
            kind,
            code: None,
            decline_code: None,
            message: message.into(),
            param: None,
            payment_intent: None,
        };
        Self {
            status,
            body: Box::new(body),
        }
    }

    /// 400: the request makes no sense.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 400 for one parameter.
    pub(super) fn parameter(
        param: impl Into<String>,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid(message).with_code(code).with_param(param)
    }

    /// 404 for something that an id names.
    pub(super) fn missing(object: &str, id: &str, param: &str) -> Self {
        Self::parameter(
            param,
            "resource_missing",
            format!("No such {object}: '{id}'"),
        )
        .with_status(StatusCode::NOT_FOUND)
    }

    pub(super) fn unauthorized(presented: bool) -> Self {
        let message = if presented {
            "Invalid API Key provided."
        } else {
            "You did not provide an API key. Send it as Authorization: Bearer, or as the user of Basic."
        };
        Self::invalid(message).with_status(StatusCode::UNAUTHORIZED)
    }

    /// 402: the bank said no.
    pub(super) fn declined(decline: Decline, payment: &Payment) -> Self {
        let mut error = Self::new(
            StatusCode::PAYMENT_REQUIRED,
            "card_error",
            decline.message(),
        )
        .with_code(decline.code());
        error.body.decline_code = Some(decline.decline_code());
        error.body.payment_intent = Some(payment.into());
        error
    }

    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn with_param(mut self, param: impl Into<String>) -> Self {
        self.body.param = Some(param.into());
        self
    }

    fn with_code(mut self, code: &'static str) -> Self {
        self.body.code = Some(code);
        self
    }

    pub(super) fn into_parts(self) -> (StatusCode, String) {
        (self.status, objects::text(&Envelope { error: self.body }))
    }
}

impl IntoResponse for StripeError {
    fn into_response(self) -> Response {
        let (status, body) = self.into_parts();
        super::json(status.as_u16(), body)
    }
}

impl From<Refusal> for StripeError {
    fn from(refusal: Refusal) -> Self {
        const UNEXPECTED_STATE: &str = "payment_intent_unexpected_state";
        match refusal {
            Refusal::NotFound => Self::invalid("No such payment_intent or charge.")
                .with_code("resource_missing")
                .with_status(StatusCode::NOT_FOUND),
            Refusal::TokenMissing => Self::parameter(
                "payment_method",
                "parameter_missing",
                "This PaymentIntent has no payment method that could be charged: send payment_method.",
            ),
            Refusal::WrongState(payment) => {
                let message = format!(
                    "This PaymentIntent ({}) has a status of {}, which does not allow this.",
                    id::write(id::INTENT, payment.id.0),
                    payment.status.as_str(),
                );
                let mut error = Self::invalid(message).with_code(UNEXPECTED_STATE);
                error.body.payment_intent = Some(payment.as_ref().into());
                error
            }
            Refusal::ExceedsCapturable(left) => Self::parameter(
                "amount_to_capture",
                "amount_too_large",
                format!("At most {left} can be captured."),
            ),
            Refusal::NothingCaptured => {
                Self::invalid("This PaymentIntent does not have a successful charge to refund.")
                    .with_code(UNEXPECTED_STATE)
            }
            Refusal::AlreadyRefunded => Self::invalid("The charge has already been refunded.")
                .with_code("charge_already_refunded"),
            Refusal::ExceedsRefundable(left) => Self::parameter(
                "amount",
                "amount_too_large",
                format!("Refund amount is greater than unrefunded amount on charge ({left})."),
            ),
            Refusal::CurrencyMismatch => Self::parameter(
                "currency",
                "parameter_invalid_empty",
                "Refunds have no currency.",
            ),
        }
    }
}

impl From<Failure> for StripeError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::KeyInUse => Self::new(
                StatusCode::CONFLICT,
                "idempotency_error",
                "There is currently another in-progress request using this Idempotency-Key. Try again later.",
            )
            .with_code("idempotency_key_in_use"),
            Failure::KeyReused => Self::new(
                StatusCode::BAD_REQUEST,
                "idempotency_error",
                "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            ),
            Failure::Withheld => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "api_error",
                "The request took too long. It may have been carried out: repeat it with the same key.",
            ),
            Failure::Interrupted => Self::ours(StatusCode::INTERNAL_SERVER_ERROR),
            Failure::Database(cause) => cause.into(),
        }
    }
}

impl From<sqlx::Error> for StripeError {
    fn from(cause: sqlx::Error) -> Self {
        Self::ours(database_failure(&cause))
    }
}

impl StripeError {
    /// Our own failure; says nothing of its cause.
    fn ours(status: StatusCode) -> Self {
        Self::new(status, "api_error", "Something went wrong on our side.")
    }
}
