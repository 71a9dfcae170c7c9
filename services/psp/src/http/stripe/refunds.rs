//! `/v1/refunds`

use axum::{extract::State, response::Response};

use super::{
    described::{NewRefund, RefundWindow},
    error::{Failures, StripeError},
    id,
    intents::{AMOUNT_MAX, intent_id},
    list::{List, window},
    objects::{self, text},
    params::Params,
    run,
    submission::{Filters, PathId, Submission},
};
use crate::{
    app::AppState,
    domain::{
        ChargeId, Provider, RefundId,
        command::{Change, RefundAmount, RefundRequest},
    },
    process::Command,
    store::{payments::Target, refunds},
};

#[utoipa::path(
    post,
    path = "/v1/refunds",
    operation_id = "create_refund",
    security(("api_key" = [])),
    params(
        (
            "Idempotency-Key" = Option<String>,
            Header,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$"
        )
    ),
    request_body(
        content((NewRefund = "application/x-www-form-urlencoded"), (NewRefund = "application/json"))
    ),
    responses((status = 200, body = objects::Refund), Failures)
)]
pub(super) async fn create(
    State(app): State<AppState>,
    submission: Submission,
) -> Result<Response, StripeError> {
    let params = &submission.params;
    let target = target(params)?;
    let units = params.positive("amount", AMOUNT_MAX)?;
    let request = RefundRequest {
        amount: units.map_or(RefundAmount::Rest, RefundAmount::Units),
        reason: params.choice(
            "reason",
            &["duplicate", "fraudulent", "requested_by_customer"],
        )?,
        metadata: params.metadata()?,
    };
    run(
        &app,
        submission.keyed,
        Command::Change(target, Change::Refund(request)),
    )
    .await
}

#[utoipa::path(
    get,
    path = "/v1/refunds/{id}",
    operation_id = "read_refund",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "`re_…`")),
    responses((status = 200, body = objects::Refund), Failures)
)]
pub(super) async fn read(
    State(app): State<AppState>,
    PathId(refund): PathId,
) -> Result<Response, StripeError> {
    let missing = || StripeError::missing("refund", &refund, "refund");
    let id = id::read(id::REFUND, &refund)
        .map(RefundId)
        .ok_or_else(missing)?;
    let found = refunds::find(&app.pool, Provider::Stripe, id)
        .await?
        .ok_or_else(missing)?;
    Ok(super::json(200, text(&objects::Refund::from(&found))))
}

#[utoipa::path(
    get,
    path = "/v1/refunds",
    operation_id = "list_refunds",
    security(("api_key" = [])),
    params(RefundWindow),
    responses((status = 200, body = List<objects::Refund>), Failures)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Filters(params): Filters,
) -> Result<Response, StripeError> {
    let (cursor, limit) = window(&params, id::REFUND)?;
    let payment = params
        .text("payment_intent", 100)?
        .map(|intent| intent_id(&intent, "payment_intent"))
        .transpose()?;
    let listed = refunds::list(&app.pool, Provider::Stripe, payment, cursor, limit).await?;
    let items = listed.items.iter().map(objects::Refund::from).collect();
    let listed = crate::store::Listed {
        items,
        has_more: listed.has_more,
    };
    Ok(super::json(200, text(&List::new("/v1/refunds", listed))))
}

fn target(params: &Params) -> Result<Target, StripeError> {
    if let Some(intent) = params.text("payment_intent", 100)? {
        return intent_id(&intent, "payment_intent").map(Target::Payment);
    }
    let Some(charge) = params.text("charge", 100)? else {
        return Err(StripeError::parameter(
            "payment_intent",
            "parameter_missing",
            "One of the following params should be provided for this request: payment_intent or charge.",
        ));
    };
    let id = id::read(id::CHARGE, &charge)
        .map(ChargeId)
        .map(Target::Charge);
    id.ok_or_else(|| StripeError::missing("charge", &charge, "charge"))
}
