//! `POST /api/v1/orders`: from a basket to a paid (or cancelled) order.

use std::collections::HashSet;

use axum::{
    extract::State,
    http::header::LOCATION,
    response::{IntoResponse, Response},
};
use chassis::{
    Problem,
    auth::Caller,
    http::{ApiJson, IdempotencyKey},
    idempotency::{self, Begin, Claim, Repeated},
    problem::FieldErrors,
    telemetry::request::RequestContext,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{self, OrderView};
use crate::{
    app::AppState,
    domain::{Basket, Line, LineRequest, Order, OrderId},
    error::Error,
    saga::{
        runner::{End, SagaRunner},
        span::ORDER_ID,
    },
    store::{
        orders::{self, OrderRow},
        sagas::{self, SagaRow},
        stream,
    },
};

/// What a customer sends.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(super) struct NewOrder {
    #[schema(min_items = 1, max_items = 50)]
    items: Vec<LineRequest>,
    payment: PaymentMethod,
}

/// How the customer pays: a token from the provider, never a card number.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
struct PaymentMethod {
    #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    token: String,
    #[schema(pattern = "^(stripe|paypal)$")]
    provider: Option<String>,
}

/// The key of a request, its scope and its hash.
struct Key {
    scope: String,
    key: String,
    hash: idempotency::RequestHash,
}

/// What the transaction of a new order came to.
enum Begun {
    New(Box<(Order, OrderRow, SagaRow)>),
    Answer(Response),
    /// The order was made by a request that died; its saga goes on by itself.
    Existing(OrderId),
}

#[utoipa::path(
    post,
    path = "/api/v1/orders",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header)),
    request_body = NewOrder,
    responses(
        (
            status = 201,
            body = OrderView,
            description = "Paid or cancelled.",
            headers(("Location" = String, description = "Where the order is."))
        ),
        (
            status = 202,
            body = OrderView,
            description = "Under way.",
            headers(("Location" = String, description = "Where the order is."))
        ),
        (status = 403, description = "role_missing"),
        (status = 503, description = "dependency_unavailable")
    )
)]
pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    ApiJson(new): ApiJson<NewOrder>,
) -> Result<Response, Problem> {
    let user_id = caller.user()?.id;
    let new = new.validated()?;
    let key = key.map(|key| Key {
        scope: format!("order.create:{user_id}"),
        key,
        hash: new.hash(),
    });
    if let Some(answer) = answered_before(&state, key.as_ref()).await? {
        return Ok(answer);
    }
    let basket = price(&state.runner, &new.items).await?;
    match begin(&state.runner, user_id, basket, &new.payment, key.as_ref()).await? {
        Begun::Answer(response) => Ok(response),
        Begun::Existing(id) => {
            let row = orders::find(&mut *state.pool.acquire().await?, id).await?;
            Ok(view::created(&row.ok_or(Error::NotFound)?))
        }
        Begun::New(begun) => Ok(view::created(&see_through(&state, *begun).await)),
    }
}

/// Runs the saga for as long as a customer waits. It goes on when the customer does not.
async fn see_through(state: &AppState, (order, row, saga): (Order, OrderRow, SagaRow)) -> OrderRow {
    let runner = state.runner.clone();
    let running = state
        .tasks
        .detach(async move { runner.run(order, saga).await });
    match tokio::time::timeout(state.runner.config.request_deadline, running).await {
        Ok(Ok(Ok(End::Finished(row)))) => *row,
        // Waiting, taken over, too slow, or failed: the order exists, and the worker sees to it.
        _ => row,
    }
}

impl NewOrder {
    /// What makes two requests the same: their meaning, not their white space.
    fn hash(&self) -> idempotency::RequestHash {
        let body = serde_json::to_vec(self).expect("it was parsed from JSON");
        idempotency::hash("POST", "/api/v1/orders", &body)
    }

    fn validated(self) -> Result<Self, Problem> {
        let mut errors = FieldErrors::default();
        let count = self.items.len();
        errors.require(
            (1..=crate::domain::LINES_MAX).contains(&count),
            "items",
            format!(
                "must have 1 to {} entries, not {count}",
                crate::domain::LINES_MAX
            ),
        );
        let mut seen = HashSet::new();
        for (index, item) in self.items.iter().take(crate::domain::LINES_MAX).enumerate() {
            let max = crate::domain::QUANTITY_MAX;
            errors.require(
                (1..=max).contains(&item.quantity),
                format!("items[{index}].quantity"),
                format!("must be 1 to {max}"),
            );
            errors.require(
                seen.insert(item.product_id),
                format!("items[{index}].product_id"),
                "is in the basket already; add up the quantities",
            );
        }
        let token = &self.payment.token;
        errors.require(
            (1..=128).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()),
            "payment.token",
            "must be a token of the payment provider, 1 to 128 visible ASCII characters",
        );
        errors.require(
            !looks_like_a_card(token),
            "payment.token",
            "looks like a card number; send a token of the payment provider instead",
        );
        if let Some(provider) = &self.payment.provider {
            errors.require(
                matches!(provider.as_str(), "stripe" | "paypal"),
                "payment.provider",
                "must be stripe or paypal",
            );
        }
        errors.finish().map(|()| self)
    }
}

/// 13 to 19 digits, whatever stands between them: refused before it is stored anywhere.
fn looks_like_a_card(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let only_digits = token
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b' '));
    only_digits && (13..=19).contains(&digits)
}

/// Looks the products up, all at once. A product that does not exist is the request's mistake.
async fn price(runner: &SagaRunner, items: &[LineRequest]) -> Result<Basket, Problem> {
    let ids: Vec<Uuid> = items.iter().map(|item| item.product_id).collect();
    let products = runner.neighbours.product.batch(&ids).await?;
    let mut errors = FieldErrors::default();
    let mut lines = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        match products.get(&item.product_id) {
            Some(product) => lines.push(Line {
                product_id: item.product_id,
                name: product.name.clone(),
                quantity: item.quantity,
                unit_price: product.price,
            }),
            None => errors.add(
                format!("items[{index}].product_id"),
                "is not a product of the shop",
            ),
        }
    }
    errors.finish()?;
    Basket::new(lines).map_err(|error| Error::from(error).into())
}

async fn answered_before(state: &AppState, key: Option<&Key>) -> Result<Option<Response>, Problem> {
    let Some(Key { scope, key, hash }) = key else {
        return Ok(None);
    };
    let mut conn = state.pool.acquire().await?;
    match idempotency::peek(&mut conn, scope, key, hash).await? {
        Some(Begin::Repeated(before)) => Ok(Some(repeated(before))),
        None | Some(Begin::New | Begin::Resume(_)) => Ok(None),
    }
}

/// One transaction: the key, the event, the read model and the saga.
async fn begin(
    runner: &SagaRunner,
    user_id: Uuid,
    basket: Basket,
    payment: &PaymentMethod,
    key: Option<&Key>,
) -> Result<Begun, Problem> {
    let mut tx = runner.pool.begin().await?;
    let id = OrderId::new();
    if let Some(Key { scope, key, hash }) = key {
        let claim = Claim {
            scope,
            key,
            hash,
            // As long as a saga may hold the request up; then the order answers for itself.
            lease: runner.config.lease,
            makes: Some(id.0),
        };
        match idempotency::begin(&mut tx, &claim).await? {
            Begin::New => {}
            Begin::Resume(existing) => return Ok(Begun::Existing(OrderId(existing))),
            Begin::Repeated(before) => return Ok(Begun::Answer(repeated(before))),
        }
    }
    RequestContext::note(ORDER_ID, id);
    let event = Order::create(id, user_id, basket);
    let (order, row) = stream::create(&mut tx, event).await?;
    let method = json!({ "token": payment.token, "provider": payment.provider });
    let saga = sagas::insert(&mut tx, id, &method, runner.config.lease).await?;
    tx.commit().await.map_err(Error::from)?;
    runner.outbox.wake();
    runner.metrics.created(&row);
    Ok(Begun::New(Box::new((order, row, saga))))
}

/// The answer to a request that was made before, with the address of the order where it made one.
fn repeated(repeated: Repeated) -> Response {
    let order = match &repeated {
        Repeated::Answered(stored) => stored.resource_id,
        Repeated::InProgress { .. } | Repeated::OtherRequest => None,
    };
    let location = order.map(|id| [(LOCATION, format!("/api/v1/orders/{id}"))]);
    (location, repeated).into_response()
}
