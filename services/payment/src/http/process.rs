//! `POST /`: takes the payment of an order. Services only; the `Idempotency-Key` is the order's id.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, IdempotencyKey},
    idempotency,
    money::Money,
    problem::FieldErrors,
};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::BASE;
use crate::{
    commands::{Actor, Commands, NewPayment, Processed},
    domain::{CardToken, OrderId, Payment, Provider, Status, UserId},
    views::PaymentBody,
};

/// Largest amount in minor units: Stripe's limit for most currencies, and far above any basket of the shop.
const AMOUNT_MAX: i64 = 99_999_999;

#[derive(Deserialize, ToSchema)]
pub(super) struct ProcessRequest {
    order_id: OrderId,
    user_id: UserId,
    amount: Money,
    /// Read by hand: the message of a failed parse repeats what was sent, and that may be a card number.
    #[schema(value_type = MethodBody)]
    method: Value,
}

/// What `method` has to be: a token of the provider, and which provider.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described only; it is read by hand, see above")]
struct MethodBody {
    provider: Option<Provider>,
    token: String,
}

/// 201 when captured or declined, 202 while that is not known.
#[utoipa::path(
    post,
    path = "/api/v1/payments",
    security(("bearer" = [])),
    params(("Idempotency-Key" = String, Header)),
    request_body = ProcessRequest,
    responses(
        (
            status = 201,
            body = PaymentBody,
            description = "Captured or declined.",
            headers(("Location" = String, description = "Where it is."))
        ),
        (
            status = 202,
            body = PaymentBody,
            description = "The outcome is not known yet.",
            headers(("Location" = String, description = "Where it is."))
        ),
        (status = 403, description = "role_missing"),
        (status = 409, description = "payment_voided")
    )
)]
pub(super) async fn process(
    State(commands): State<Commands>,
    caller: Caller,
    key: IdempotencyKey,
    ApiJson(request): ApiJson<ProcessRequest>,
) -> Result<Response, Problem> {
    caller.require_service()?;
    let key = key.required()?;
    let new = request.validated(&key)?;
    match commands.process(new, Actor::from(&caller)).await? {
        Processed::Now(payment) => Ok(answer(&payment)),
        Processed::Before(repeated) => Ok(repeated.into_response()),
    }
}

fn answer(payment: &Payment) -> Response {
    let pending = payment.position.status == Status::Pending;
    let status = if pending {
        StatusCode::ACCEPTED
    } else {
        StatusCode::CREATED
    };
    let location = [(header::LOCATION, format!("{BASE}/{}", payment.id))];
    (status, location, ApiJson(PaymentBody::from(payment))).into_response()
}

impl ProcessRequest {
    fn validated(self, key: &str) -> Result<NewPayment, Problem> {
        let mut errors = FieldErrors::default();
        let is_order = key.parse() == Ok(self.order_id);
        errors.require(is_order, "Idempotency-Key", "must be the order's id");
        let in_range = (1..=AMOUNT_MAX).contains(&self.amount.amount);
        errors.require(
            in_range,
            "amount.amount",
            format!("must be 1 to {AMOUNT_MAX}"),
        );
        let provider = provider(&self.method);
        errors.require(
            provider.is_some(),
            "method.provider",
            "must be stripe or paypal",
        );
        let token = token(&self.method)
            .map_err(|message| errors.add("method.token", message))
            .ok();
        errors.finish()?;
        let (Some(provider), Some(token)) = (provider, token) else {
            return Err(Problem::internal(anyhow::anyhow!(
                "missing values were noted as errors"
            )));
        };
        let hash = self.hash(provider, &token);
        let Self {
            order_id,
            user_id,
            amount,
            ..
        } = self;
        Ok(NewPayment {
            order_id,
            user_id,
            amount,
            provider,
            token,
            hash,
        })
    }

    /// Over what counts, so that unknown members do not make another request.
    fn hash(&self, provider: Provider, token: &CardToken) -> idempotency::RequestHash {
        let Self {
            order_id,
            user_id,
            amount,
            ..
        } = self;
        let counts = json!([order_id, user_id, amount, provider, token.expose()]);
        idempotency::hash("POST", BASE, counts.to_string().as_bytes())
    }
}

/// Stripe, if nothing is preferred.
fn provider(method: &Value) -> Option<Provider> {
    match method.get("provider") {
        None | Some(Value::Null) => Some(Provider::Stripe),
        Some(name) => Provider::deserialize(name).ok(),
    }
}

fn token(method: &Value) -> Result<CardToken, String> {
    match method.get("token") {
        Some(Value::String(text)) => CardToken::parse(text).map_err(|refused| refused.to_string()),
        _ => Err("must be a text".to_owned()),
    }
}
