//! `/v1/payment_intents`

use axum::{extract::State, response::Response};
use chassis::money::{Currency, Money};

use super::{
    described::{CancelIntent, CaptureIntent, ConfirmIntent, NewIntent, Window},
    error::{Envelope, Failures, StripeError},
    id,
    list::{List, window},
    objects::{Intent, text},
    params::Params,
    run,
    submission::{Filters, PathId, Submission},
};
use crate::{
    app::AppState,
    domain::{
        PaymentId, Provider,
        command::{Change, NewPayment},
        payment::CaptureMethod,
        token::TestToken,
    },
    process::Command,
    store::payments::{self, Target},
};

/// Stripe's largest amount: eight digits of minor units.
pub(super) const AMOUNT_MAX: i64 = 99_999_999;

#[utoipa::path(
    post,
    path = "/v1/payment_intents",
    operation_id = "create_intent",
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
        content((NewIntent = "application/x-www-form-urlencoded"), (NewIntent = "application/json"))
    ),
    responses(
        (status = 200, body = Intent),
        (status = 402, body = Envelope, description = "The bank said no."),
        Failures
    )
)]
pub(super) async fn create(
    State(app): State<AppState>,
    submission: Submission,
) -> Result<Response, StripeError> {
    let new = new_payment(&submission.params)?;
    run(&app, submission.keyed, Command::Create(new)).await
}

#[utoipa::path(
    get,
    path = "/v1/payment_intents/{id}",
    operation_id = "read_intent",
    security(("api_key" = [])),
    params(("id" = String, Path, description = "`pi_…`")),
    responses((status = 200, body = Intent), Failures)
)]
pub(super) async fn read(
    State(app): State<AppState>,
    PathId(intent): PathId,
) -> Result<Response, StripeError> {
    let target = Target::Payment(intent_id(&intent, "intent")?);
    let payment = payments::find(&app.pool, Provider::Stripe, target).await?;
    let payment = payment.ok_or_else(|| missing(&intent, "intent"))?;
    Ok(super::json(200, text(&Intent::from(&payment))))
}

#[utoipa::path(
    get,
    path = "/v1/payment_intents",
    operation_id = "list_intents",
    security(("api_key" = [])),
    params(Window),
    responses((status = 200, body = List<Intent>), Failures)
)]
pub(super) async fn list(
    State(app): State<AppState>,
    Filters(params): Filters,
) -> Result<Response, StripeError> {
    let (cursor, limit) = window(&params, id::INTENT)?;
    let listed = payments::list(&app.pool, Provider::Stripe, cursor, limit).await?;
    let list = List::new(
        "/v1/payment_intents",
        listed.map(|payment| Intent::from(&payment)),
    );
    Ok(super::json(200, text(&list)))
}

#[utoipa::path(
    post,
    path = "/v1/payment_intents/{id}/confirm",
    operation_id = "confirm_intent",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "`pi_…`"),
        (
            "Idempotency-Key" = Option<String>,
            Header,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$"
        )
    ),
    request_body(
        content(
            (ConfirmIntent = "application/x-www-form-urlencoded"),
            (ConfirmIntent = "application/json")
        )
    ),
    responses(
        (status = 200, body = Intent),
        (status = 402, body = Envelope, description = "The bank said no."),
        Failures
    )
)]
pub(super) async fn confirm(
    State(app): State<AppState>,
    PathId(intent): PathId,
    submission: Submission,
) -> Result<Response, StripeError> {
    let token = token(&submission.params)?;
    change(&app, &intent, submission, Change::Confirm(token)).await
}

#[utoipa::path(
    post,
    path = "/v1/payment_intents/{id}/capture",
    operation_id = "capture_intent",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "`pi_…`"),
        (
            "Idempotency-Key" = Option<String>,
            Header,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$"
        )
    ),
    request_body(
        content(
            (CaptureIntent = "application/x-www-form-urlencoded"),
            (CaptureIntent = "application/json")
        )
    ),
    responses((status = 200, body = Intent), Failures)
)]
pub(super) async fn capture(
    State(app): State<AppState>,
    PathId(intent): PathId,
    submission: Submission,
) -> Result<Response, StripeError> {
    let units = submission
        .params
        .positive("amount_to_capture", AMOUNT_MAX)?;
    change(&app, &intent, submission, Change::Capture(units)).await
}

#[utoipa::path(
    post,
    path = "/v1/payment_intents/{id}/cancel",
    operation_id = "cancel_intent",
    security(("api_key" = [])),
    params(
        ("id" = String, Path, description = "`pi_…`"),
        (
            "Idempotency-Key" = Option<String>,
            Header,
            min_length = 1,
            max_length = 255,
            pattern = "^[!-~]+$"
        )
    ),
    request_body(
        content(
            (CancelIntent = "application/x-www-form-urlencoded"),
            (CancelIntent = "application/json")
        )
    ),
    responses((status = 200, body = Intent), Failures)
)]
pub(super) async fn cancel(
    State(app): State<AppState>,
    PathId(intent): PathId,
    submission: Submission,
) -> Result<Response, StripeError> {
    let reasons = [
        "duplicate",
        "fraudulent",
        "requested_by_customer",
        "abandoned",
    ];
    let reason = submission.params.choice("cancellation_reason", &reasons)?;
    change(&app, &intent, submission, Change::Cancel(reason)).await
}

async fn change(
    app: &AppState,
    intent: &str,
    submission: Submission,
    change: Change,
) -> Result<Response, StripeError> {
    let target = Target::Payment(intent_id(intent, "intent")?);
    run(app, submission.keyed, Command::Change(target, change)).await
}

fn new_payment(params: &Params) -> Result<NewPayment, StripeError> {
    let amount = params
        .positive("amount", AMOUNT_MAX)?
        .ok_or_else(|| required("amount"))?;
    let confirm = params.boolean("confirm")?;
    let token = token(params)?;
    if confirm && token.is_none() {
        return Err(required("payment_method"));
    }
    let manual = params.choice(
        "capture_method",
        &["automatic", "automatic_async", "manual"],
    )?;
    let metadata = params.metadata()?;
    Ok(NewPayment {
        provider: Provider::Stripe,
        amount: Money::new(amount, currency(params)?),
        capture_method: match manual.as_deref() {
            Some("manual") => CaptureMethod::Manual,
            _ => CaptureMethod::Automatic,
        },
        token,
        confirm,
        order_id: metadata.get("order_id").cloned(),
        description: params.text("description", 1000)?,
        metadata,
    })
}

fn currency(params: &Params) -> Result<Currency, StripeError> {
    let text = params
        .text("currency", 100)?
        .ok_or_else(|| required("currency"))?;
    text.parse().map_err(|_| {
        StripeError::invalid(format!(
            "Invalid currency: {text}. Supported currencies are: eur, usd, gbp."
        ))
        .with_param("currency")
    })
}

/// The token, from wherever Stripe's clients put it.
fn token(params: &Params) -> Result<Option<&'static TestToken>, StripeError> {
    for name in ["payment_method", "payment_method_data[card][token]"] {
        if let Some(text) = params.text(name, 100)? {
            let unknown = || {
                let message = format!("No such token: '{text}'");
                StripeError::parameter(name, "resource_missing", message)
            };
            return TestToken::find(&text).map(Some).ok_or_else(unknown);
        }
    }
    Ok(None)
}

pub(super) fn intent_id(text: &str, param: &str) -> Result<PaymentId, StripeError> {
    id::read(id::INTENT, text)
        .map(PaymentId)
        .ok_or_else(|| missing(text, param))
}

pub(super) fn missing(intent: &str, param: &str) -> StripeError {
    StripeError::missing("payment_intent", intent, param)
}

fn required(name: &'static str) -> StripeError {
    StripeError::parameter(
        name,
        "parameter_missing",
        format!("Missing required param: {name}."),
    )
}
