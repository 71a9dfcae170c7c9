//! `/v2/payments`: captures and refunds.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    error::{Envelope, Failures, PaypalError},
    objects::{Capture, Refund, text},
    run,
    submission::{AmountBody, PathId, Submission, plain},
};
use crate::{
    app::AppState,
    domain::{
        ChargeId, Provider, RefundId,
        command::{Change, RefundAmount, RefundRequest},
        payment::Metadata,
    },
    process::Command,
    store::{
        payments::{self, Target},
        refunds,
    },
};

#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalNewRefund)]
pub(super) struct NewRefund {
    amount: Option<AmountBody>,
    note_to_payer: Option<String>,
    custom_id: Option<String>,
    invoice_id: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v2/payments/captures/{id}",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "32 hex digits in capitals.")),
    responses((status = 200, body = Capture), Failures)
)]
pub(super) async fn read_capture(
    State(app): State<AppState>,
    PathId(capture): PathId,
) -> Result<Response, PaypalError> {
    let target = Target::Charge(ChargeId(capture));
    let payment = payments::find(&app.pool, Provider::Paypal, target).await?;
    let capture = payment
        .as_ref()
        .and_then(Capture::of)
        .ok_or_else(PaypalError::not_found)?;
    Ok(super::json(200, text(&capture)))
}

#[utoipa::path(
    post,
    path = "/v2/payments/captures/{id}/refund",
    operation_id = "refund_capture",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, description = "32 hex digits in capitals."),
        (
            "PayPal-Request-Id" = Option<String>,
            Header,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$"
        )
    ),
    request_body = Option<NewRefund>,
    responses(
        (status = 201, body = Refund),
        (
            status = 422,
            body = Envelope,
            description = "Well formed, but not possible; also when the bank said no."
        ),
        Failures
    )
)]
pub(super) async fn refund(
    State(app): State<AppState>,
    PathId(capture): PathId,
    submission: Submission<NewRefund>,
) -> Result<Response, PaypalError> {
    let body = submission.body;
    let amount = match body.amount {
        Some(amount) => RefundAmount::Exactly(amount.read().map_err(|error| error.at("/amount"))?),
        None => RefundAmount::Rest,
    };
    let texts = [
        ("custom_id", body.custom_id),
        ("invoice_id", body.invoice_id),
    ];
    let mut metadata = Metadata::new();
    for (name, text) in texts {
        let text = plain(name, text, 127)?;
        metadata.extend(text.map(|text| (name.to_owned(), text)));
    }
    let reason = plain("/note_to_payer", body.note_to_payer, 255)?;
    let change = Change::Refund(RefundRequest {
        amount,
        reason,
        metadata,
    });
    run(
        &app,
        submission.keyed,
        Command::Change(Target::Charge(ChargeId(capture)), change),
    )
    .await
}

#[utoipa::path(
    get,
    path = "/v2/payments/refunds/{id}",
    operation_id = "read_paypal_refund",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "32 hex digits in capitals.")),
    responses((status = 200, body = Refund), Failures)
)]
pub(super) async fn read_refund(
    State(app): State<AppState>,
    PathId(refund): PathId,
) -> Result<Response, PaypalError> {
    let found = refunds::find(&app.pool, Provider::Paypal, RefundId(refund)).await?;
    let refund = found.ok_or_else(PaypalError::not_found)?;
    let target = Target::Payment(refund.payment_id);
    let payment = payments::find(&app.pool, Provider::Paypal, target).await?;
    let payment = payment.ok_or_else(PaypalError::not_found)?;
    Ok(super::json(200, text(&Refund::of(&payment, &refund))))
}
