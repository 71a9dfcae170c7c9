//! Refunds of a payment.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    auth::Caller,
    db::Db,
    http::{ApiJson, ApiPath, IdempotencyKey},
    idempotency,
    money::Money,
    problem::FieldErrors,
};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{BASE, payments::shown_to};
use crate::{
    commands::{Actor, Commands, NewRefund, Refunded},
    domain::{PaymentId, RefundStatus},
    store::{payments, refunds},
    views::RefundBody,
};

/// Longest reason. It is kept for ever, and shown.
const REASON_CHARS_MAX: usize = 200;

#[derive(Deserialize, ToSchema)]
pub(super) struct RefundRequest {
    /// Everything that is left, if not given.
    amount: Option<Money>,
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// The refunds of a payment, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct RefundList {
    items: Vec<RefundBody>,
}

/// `POST /{id}/refunds`: 201 when done or refused by the provider, 202 while that is not known.
#[utoipa::path(
    post,
    path = "/api/v1/payments/{id}/refunds",
    security(("bearer" = [])),
    params(("id" = PaymentId, Path), ("Idempotency-Key" = String, Header)),
    request_body = RefundRequest,
    responses(
        (
            status = 201,
            body = RefundBody,
            description = "Done, or refused by the provider.",
            headers(("Location" = String, description = "Where it is."))
        ),
        (
            status = 202,
            body = RefundBody,
            description = "The outcome is not known yet.",
            headers(("Location" = String, description = "Where it is."))
        ),
        (status = 403, description = "role_missing"),
        (status = 404, description = "payment_not_found"),
        (status = 409, description = "payment_not_captured"),
        (status = 422, description = "refund_exceeds_payment")
    )
)]
pub(super) async fn create(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(payment): ApiPath<PaymentId>,
    key: IdempotencyKey,
    ApiJson(request): ApiJson<RefundRequest>,
) -> Result<Response, Problem> {
    caller.require_role("admin")?;
    let new = request.validated(payment, key.required()?)?;
    let (payment, refund) = match commands.refund(new, Actor::from(&caller)).await? {
        Refunded::Now(payment, refund) => (payment, refund),
        Refunded::Before(repeated) => return Ok(repeated.into_response()),
    };
    let pending = refund.status == RefundStatus::Pending;
    let status = if pending {
        StatusCode::ACCEPTED
    } else {
        StatusCode::CREATED
    };
    let location = [(header::LOCATION, format!("{BASE}/{}/refunds", payment.id))];
    Ok((status, location, ApiJson(RefundBody::of(&payment, &refund))).into_response())
}

/// `GET /{id}/refunds`: for whoever paid, administrators and services.
#[utoipa::path(
    get,
    path = "/api/v1/payments/{id}/refunds",
    security(("bearer" = [])),
    params(("id" = PaymentId, Path)),
    responses((status = 200, body = RefundList), (status = 404, description = "payment_not_found"))
)]
pub(super) async fn list(
    State(pool): State<Db>,
    caller: Caller,
    ApiPath(id): ApiPath<PaymentId>,
) -> Result<ApiJson<RefundList>, Problem> {
    let payment = shown_to(&caller, payments::by_id(&pool, id).await?)?;
    let refunds = refunds::of_payment(&pool, payment.id).await?;
    let items = refunds
        .iter()
        .map(|refund| RefundBody::of(&payment, refund))
        .collect();
    Ok(ApiJson(RefundList { items }))
}

impl RefundRequest {
    fn validated(self, payment: PaymentId, key: String) -> Result<NewRefund, Problem> {
        let mut errors = FieldErrors::default();
        let (amount, reason) = (self.amount, self.reason.trim().to_owned());
        let chars = reason.chars().count();
        let plain = !reason.chars().any(char::is_control);
        errors.require(
            (1..=REASON_CHARS_MAX).contains(&chars) && plain,
            "reason",
            format!("must be 1 to {REASON_CHARS_MAX} characters without control characters"),
        );
        errors.require(
            amount.is_none_or(|money| money.amount > 0),
            "amount.amount",
            "must be positive",
        );
        errors.finish()?;
        let counts = json!([amount, reason]);
        let path = format!("{BASE}/{payment}/refunds");
        let hash = idempotency::hash("POST", &path, counts.to_string().as_bytes());
        Ok(NewRefund {
            payment,
            amount,
            reason,
            key,
            hash,
        })
    }
}
