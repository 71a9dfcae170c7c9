//! `/v2/checkout/orders`

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    error::{Envelope, Failures, PaypalError},
    objects::{Order, text},
    run,
    submission::{AmountBody, PathId, Submission, plain},
};
use crate::{
    app::AppState,
    domain::{
        PaymentId, Provider,
        command::{Change, NewPayment},
        payment::{CaptureMethod, Metadata},
        token::TestToken,
    },
    process::Command,
    store::payments::{self, Target},
};

#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalNewOrder)]
pub(super) struct NewOrder {
    intent: Option<String>,
    #[serde(default)]
    purchase_units: Vec<PurchaseUnit>,
    payment_source: Option<PaymentSource>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalPurchaseUnitRequest)]
struct PurchaseUnit {
    reference_id: Option<String>,
    custom_id: Option<String>,
    description: Option<String>,
    amount: Option<AmountBody>,
}

/// Only the token is looked at.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalPaymentSource)]
struct PaymentSource {
    token: Option<TokenSource>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalTokenSource)]
struct TokenSource {
    id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalCaptureRequest)]
pub(super) struct CaptureRequest {
    payment_source: Option<PaymentSource>,
}

#[utoipa::path(
    post,
    path = "/v2/checkout/orders",
    operation_id = "create_order",
    security(("access_token" = [])),
    params(
        (
            "PayPal-Request-Id" = Option<String>,
            Header,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$"
        )
    ),
    request_body = NewOrder,
    responses(
        (status = 201, body = Order),
        (
            status = 422,
            body = Envelope,
            description = "Well formed, but not possible; also when the bank said no."
        ),
        Failures
    )
)]
pub(super) async fn create(
    State(app): State<AppState>,
    submission: Submission<NewOrder>,
) -> Result<Response, PaypalError> {
    let new = new_payment(submission.body)?;
    run(&app, submission.keyed, Command::Create(new)).await
}

#[utoipa::path(
    get,
    path = "/v2/checkout/orders/{id}",
    operation_id = "read_order",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "32 hex digits in capitals.")),
    responses((status = 200, body = Order), Failures)
)]
pub(super) async fn read(
    State(app): State<AppState>,
    PathId(order): PathId,
) -> Result<Response, PaypalError> {
    let target = Target::Payment(PaymentId(order));
    let payment = payments::find(&app.pool, Provider::Paypal, target).await?;
    let payment = payment.ok_or_else(PaypalError::not_found)?;
    Ok(super::json(200, text(&Order::from(&payment))))
}

#[utoipa::path(
    post,
    path = "/v2/checkout/orders/{id}/capture",
    operation_id = "capture_order",
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
    request_body = Option<CaptureRequest>,
    responses(
        (status = 201, body = Order),
        (
            status = 422,
            body = Envelope,
            description = "Well formed, but not possible; also when the bank said no."
        ),
        Failures
    )
)]
pub(super) async fn capture(
    State(app): State<AppState>,
    PathId(order): PathId,
    submission: Submission<CaptureRequest>,
) -> Result<Response, PaypalError> {
    let change = Change::Confirm(token(submission.body.payment_source)?);
    let command = Command::Change(Target::Payment(PaymentId(order)), change);
    run(&app, submission.keyed, command).await
}

fn new_payment(order: NewOrder) -> Result<NewPayment, PaypalError> {
    match order.intent.as_deref() {
        Some("CAPTURE") => {}
        Some(_) => {
            return Err(PaypalError::unprocessable(
                "UNSUPPORTED_INTENT",
                "Use the intent CAPTURE.",
            )
            .at("/intent"));
        }
        None => return Err(PaypalError::missing("/intent")),
    }
    let mut units = order.purchase_units;
    let unit = units
        .pop()
        .ok_or_else(|| PaypalError::missing("/purchase_units"))?;
    if !units.is_empty() {
        return Err(PaypalError::invalid(
            "/purchase_units",
            "INVALID_ARRAY_MAX_ITEMS",
            "An order has exactly one purchase unit.",
        ));
    }
    let amount = unit
        .amount
        .ok_or_else(|| PaypalError::missing("/purchase_units/0/amount"))?;
    let amount = amount
        .read()
        .map_err(|error| error.at("/purchase_units/0/amount"))?;
    let reference_id = plain("/purchase_units/0/reference_id", unit.reference_id, 256)?;
    let custom_id = plain("/purchase_units/0/custom_id", unit.custom_id, 255)?;
    let mut metadata = Metadata::new();
    metadata.extend(reference_id.map(|id| ("reference_id".to_owned(), id)));
    Ok(NewPayment {
        provider: Provider::Paypal,
        amount,
        capture_method: CaptureMethod::Automatic,
        token: token(order.payment_source)?,
        confirm: false,
        order_id: custom_id,
        description: plain("/purchase_units/0/description", unit.description, 127)?,
        metadata,
    })
}

fn token(source: Option<PaymentSource>) -> Result<Option<&'static TestToken>, PaypalError> {
    let id = source
        .and_then(|source| source.token)
        .and_then(|token| token.id);
    let Some(id) = id else { return Ok(None) };
    TestToken::find(&id).map(Some).ok_or_else(|| {
        PaypalError::unprocessable("TOKEN_ID_NOT_FOUND", "Specified token does not exist.")
            .at("/payment_source/token/id")
    })
}
