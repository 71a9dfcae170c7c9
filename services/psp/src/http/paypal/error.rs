//! PayPal's errors: `{"name", "message", "debug_id", "details": [{"field", "issue", "description"}]}`.

mod failures;

use axum::response::{IntoResponse, Response};
use chassis::telemetry::request::RequestContext;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use self::failures::Failures;
use super::objects;
use crate::{
    domain::{
        payment::{Refusal, Status},
        token::Decline,
    },
    http::error_source::database_failure,
    process::Failure,
};

/// An error as PayPal words it.
#[derive(Debug)]
pub(super) struct PaypalError {
    status: StatusCode,
    name: &'static str,
    message: &'static str,
    detail: Option<Box<Detail>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaypalErrorDetail)]
struct Detail {
    /// A JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    issue: &'static str,
    description: String,
    /// Why the bank said no. PayPal has it on declined captures; here it travels with the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    processor_response: Option<ProcessorResponse>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ProcessorResponse {
    response_code: &'static str,
}

/// As it travels.
#[derive(Serialize, ToSchema)]
#[schema(as = PaypalError)]
pub(super) struct Envelope {
    name: &'static str,
    message: &'static str,
    debug_id: String,
    details: Vec<Detail>,
    #[schema(value_type = Vec<Object>)]
    links: [(); 0],
}

impl PaypalError {
    fn new(status: StatusCode, name: &'static str, message: &'static str) -> Self {
        Self {
            status,
            name,
            message,
            detail: None,
        }
    }

    /// 400: the request is not well formed.
    pub(super) fn invalid(
        field: impl Into<String>,
        issue: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "INVALID_REQUEST",
            "Request is not well-formed, syntactically incorrect, or violates schema.",
        )
        .with_detail(Some(field.into()), issue, description.into())
    }

    /// 422: well formed, but not possible.
    pub(super) fn unprocessable(issue: &'static str, description: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "UNPROCESSABLE_ENTITY",
            "The requested action could not be performed, semantically incorrect, or failed business validation.",
        )
        .with_detail(None, issue, description.into())
    }

    pub(super) fn malformed_json() -> Self {
        Self::invalid(
            "/",
            "MALFORMED_REQUEST_JSON",
            "The request JSON is not well formed.",
        )
    }

    pub(super) fn missing(field: &'static str) -> Self {
        Self::invalid(
            field,
            "MISSING_REQUIRED_PARAMETER",
            "A required field is missing.",
        )
    }

    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "RESOURCE_NOT_FOUND",
            "The specified resource does not exist.",
        )
        .with_detail(
            None,
            "INVALID_RESOURCE_ID",
            "Specified resource ID does not exist.".to_owned(),
        )
    }

    pub(super) fn method_not_supported() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "METHOD_NOT_SUPPORTED",
            "The server does not implement the requested HTTP method.",
        )
    }

    pub(super) fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "The server does not support the request payload's media type.",
        )
    }

    pub(super) fn body(status: StatusCode) -> Self {
        Self::new(
            status,
            "INVALID_REQUEST",
            "The body is too large or could not be read.",
        )
    }

    pub(super) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "AUTHENTICATION_FAILURE",
            "Authentication failed due to invalid authentication credentials or a missing Authorization header.",
        )
    }

    /// 422: the bank said no.
    pub(super) fn declined(decline: Decline) -> Self {
        let mut error = Self::unprocessable(
            "INSTRUMENT_DECLINED",
            format!(
                "The instrument presented was declined by the processor or bank. {}",
                decline.message()
            ),
        );
        if let Some(detail) = &mut error.detail {
            detail.processor_response = Some(ProcessorResponse {
                response_code: decline.processor_code(),
            });
        }
        error
    }

    pub(super) fn at(mut self, field: &str) -> Self {
        if let Some(detail) = &mut self.detail {
            detail.field = Some(field.to_owned());
        }
        self
    }

    fn with_detail(
        mut self,
        field: Option<String>,
        issue: &'static str,
        description: String,
    ) -> Self {
        self.detail = Some(Box::new(Detail {
            field,
            issue,
            description,
            processor_response: None,
        }));
        self
    }

    pub(super) fn into_parts(self) -> (StatusCode, String) {
        let body = Envelope {
            name: self.name,
            message: self.message,
            debug_id: RequestContext::correlation_id(),
            details: self.detail.into_iter().map(|detail| *detail).collect(),
            links: [],
        };
        (self.status, objects::text(&body))
    }
}

impl IntoResponse for PaypalError {
    fn into_response(self) -> Response {
        let (status, body) = self.into_parts();
        super::json(status.as_u16(), body)
    }
}

impl From<Refusal> for PaypalError {
    fn from(refusal: Refusal) -> Self {
        let description = refusal.to_string();
        match refusal {
            Refusal::NotFound => Self::not_found(),
            Refusal::TokenMissing => Self::unprocessable(
                "ORDER_NOT_APPROVED",
                "The order has no payment source that could be charged.",
            ),
            Refusal::WrongState(payment) if payment.status == Status::Succeeded => {
                Self::unprocessable("ORDER_ALREADY_CAPTURED", "Order already captured.")
            }
            Refusal::WrongState(_) | Refusal::NothingCaptured | Refusal::ExceedsCapturable(_) => {
                Self::unprocessable("ACTION_DOES_NOT_MATCH_STATE", description)
            }
            Refusal::AlreadyRefunded => Self::unprocessable(
                "CAPTURE_FULLY_REFUNDED",
                "The capture has already been fully refunded.",
            ),
            Refusal::ExceedsRefundable(_) => Self::unprocessable(
                "REFUND_AMOUNT_EXCEEDED",
                "The refund amount must be less than or equal to the capture amount that has not yet been refunded.",
            ),
            Refusal::CurrencyMismatch => Self::unprocessable(
                "REFUND_CAPTURE_CURRENCY_MISMATCH",
                "Refund must be in the same currency as the capture.",
            ),
        }
    }
}

impl From<Failure> for PaypalError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::KeyInUse => Self::new(
                StatusCode::CONFLICT,
                "RESOURCE_CONFLICT",
                "The server has detected a conflict while processing this request.",
            )
            .with_detail(
                None,
                "PREVIOUS_REQUEST_IN_PROGRESS",
                "A request with this PayPal-Request-Id is in progress. Try again later.".to_owned(),
            ),
            Failure::KeyReused => Self::unprocessable(
                "PAYPAL_REQUEST_ID_PREVIOUSLY_USED",
                "The PayPal-Request-Id has already been used for another request.",
            ),
            Failure::Withheld => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "GATEWAY_TIMEOUT",
                "The request took too long. It may have been carried out: repeat it with the same PayPal-Request-Id.",
            ),
            Failure::Interrupted => Self::ours(StatusCode::INTERNAL_SERVER_ERROR),
            Failure::Database(cause) => cause.into(),
        }
    }
}

impl From<sqlx::Error> for PaypalError {
    fn from(cause: sqlx::Error) -> Self {
        Self::ours(database_failure(&cause))
    }
}

impl PaypalError {
    /// Our own failure; says nothing of its cause.
    fn ours(status: StatusCode) -> Self {
        Self::new(
            status,
            "INTERNAL_SERVER_ERROR",
            "An internal server error has occurred.",
        )
    }
}
