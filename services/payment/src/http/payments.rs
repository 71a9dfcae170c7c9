//! Reading a payment, asking its provider, undoing it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    auth::Caller,
    db::Db,
    http::{ApiJson, ApiPath},
};
use http::StatusCode;

use crate::{
    commands::{Actor, Commands},
    domain::{OrderId, Payment, PaymentId, Status},
    error::not_found,
    store::payments,
    views::PaymentBody,
};

/// `GET /{id}`: for whoever pays, administrators and services.
#[utoipa::path(
    get,
    path = "/api/v1/payments/{id}",
    security(("bearer" = [])),
    params(("id" = PaymentId, Path)),
    responses((status = 200, body = PaymentBody), (status = 404, description = "payment_not_found"))
)]
pub(super) async fn read(
    State(pool): State<Db>,
    caller: Caller,
    ApiPath(id): ApiPath<PaymentId>,
) -> Result<ApiJson<PaymentBody>, Problem> {
    let payment = shown_to(&caller, payments::by_id(&pool, id).await?)?;
    Ok(ApiJson(PaymentBody::from(&payment)))
}

/// `GET /order/{order_id}`: as [`read`].
#[utoipa::path(
    get,
    path = "/api/v1/payments/order/{order_id}",
    security(("bearer" = [])),
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = PaymentBody), (status = 404, description = "payment_not_found"))
)]
pub(super) async fn read_by_order(
    State(pool): State<Db>,
    caller: Caller,
    ApiPath(order): ApiPath<OrderId>,
) -> Result<ApiJson<PaymentBody>, Problem> {
    let payment = shown_to(&caller, payments::by_order(&pool, order).await?)?;
    Ok(ApiJson(PaymentBody::from(&payment)))
}

/// `POST /{id}/confirm`: asks the provider now. 200 when the payment is not pending (any more), 202 when it still is.
#[utoipa::path(
    post,
    path = "/api/v1/payments/{id}/confirm",
    security(("bearer" = [])),
    params(("id" = PaymentId, Path)),
    responses(
        (status = 200, body = PaymentBody, description = "The outcome is known."),
        (status = 202, body = PaymentBody, description = "It is not known yet."),
        (status = 403, description = "role_missing"),
        (status = 404, description = "payment_not_found")
    )
)]
pub(super) async fn confirm(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(id): ApiPath<PaymentId>,
) -> Result<Response, Problem> {
    caller.require_role("admin")?;
    let payment = commands.confirm(id, Actor::from(&caller)).await?;
    let known = payment.position.status != Status::Pending;
    Ok(answer(&payment, known))
}

/// `POST /order/{order_id}/void`: 200 when nothing stays captured and nothing ever will be, 202 while that is not certain.
#[utoipa::path(
    post,
    path = "/api/v1/payments/order/{order_id}/void",
    security(("bearer" = [])),
    params(("order_id" = OrderId, Path)),
    responses(
        (status = 200, body = PaymentBody, description = "Nothing stays captured."),
        (status = 202, body = PaymentBody, description = "That is not certain yet."),
        (status = 403, description = "role_missing")
    )
)]
pub(super) async fn void(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(order): ApiPath<OrderId>,
) -> Result<Response, Problem> {
    caller.require_service()?;
    let payment = commands.void(order, Actor::from(&caller)).await?;
    Ok(answer(&payment, payment.position.nothing_stays_captured()))
}

fn answer(payment: &Payment, done: bool) -> Response {
    let status = if done {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    (status, ApiJson(PaymentBody::from(payment))).into_response()
}

/// A stranger does not learn what exists. A tombstone belongs to nobody.
pub(super) fn shown_to(caller: &Caller, payment: Option<Payment>) -> Result<Payment, Problem> {
    let may_see = |payment: &Payment| match payment.user_id {
        Some(user) => caller.may_see(user.0),
        None => caller.has_role("admin"),
    };
    payment.filter(may_see).ok_or_else(not_found)
}
