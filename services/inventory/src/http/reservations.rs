//! Reservations: for services, which is to say for the order saga. One an order, under the order's id.

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
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::{
    commands::{Commands, Reserved},
    domain::{Basket, BasketError, Item, OrderId, ProductId, Refusal, Reservation},
    store::reservations,
};

#[derive(Debug, Deserialize)]
pub(super) struct ReserveRequest {
    items: Vec<ItemBody>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ItemBody {
    product_id: ProductId,
    quantity: i64,
}

/// A reservation, as services see it.
#[derive(Debug, Serialize)]
pub(super) struct ReservationBody {
    order_id: OrderId,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    items: Vec<ItemBody>,
}

impl From<Reservation> for ReservationBody {
    fn from(reservation: Reservation) -> Self {
        let item = |&Item {
                        product_id,
                        quantity,
                    }: &Item| ItemBody {
            product_id,
            quantity,
        };
        Self {
            order_id: reservation.order_id,
            status: reservation.status.name(),
            expires_at: reservation.expires_at,
            items: reservation.basket.items().iter().map(item).collect(),
        }
    }
}

/// `PUT /reservations/{order_id}`: 201, or 200 when the order has this reservation already. 409 `out_of_stock` with one
/// entry a product, 409 `reservation_closed`, 422 `reservation_differs`. Lines of one product are joined.
pub(super) async fn reserve(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(order_id): ApiPath<OrderId>,
    ApiJson(request): ApiJson<ReserveRequest>,
) -> Result<Response, Problem> {
    caller.require_service()?;
    let (status, reservation) = match commands.reserve(order_id, request.basket()?).await? {
        Reserved::Now(reservation) => (StatusCode::CREATED, reservation),
        Reserved::Before(reservation) => (StatusCode::OK, reservation),
    };
    Ok((status, ApiJson(ReservationBody::from(reservation))).into_response())
}

/// `GET /reservations/{order_id}`: for services and administrators.
pub(super) async fn read(
    State(pool): State<Db>,
    caller: Caller,
    ApiPath(order_id): ApiPath<OrderId>,
) -> Result<ApiJson<ReservationBody>, Problem> {
    caller.require_role("admin")?;
    let found = reservations::find(&mut *pool.acquire().await?, order_id).await?;
    Ok(ApiJson(found.ok_or(Refusal::ReservationUnknown)?.into()))
}

/// `POST /reservations/{order_id}/commit`: 200; 404 if the order never reserved, 409 `reservation_closed` if it did, but
/// too long ago.
pub(super) async fn commit(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(order_id): ApiPath<OrderId>,
) -> Result<ApiJson<ReservationBody>, Problem> {
    caller.require_service()?;
    Ok(ApiJson(commands.commit(order_id).await?.reservation.into()))
}

/// `POST /reservations/{order_id}/release`: 200 from every state, and for an order that never reserved. The status is
/// `released`, or `expired` if the units were given back by the clock.
pub(super) async fn release(
    State(commands): State<Commands>,
    caller: Caller,
    ApiPath(order_id): ApiPath<OrderId>,
) -> Result<ApiJson<ReservationBody>, Problem> {
    caller.require_service()?;
    Ok(ApiJson(
        commands.release(order_id).await?.reservation.into(),
    ))
}

impl ReserveRequest {
    fn basket(self) -> Result<Basket, Problem> {
        let item = |ItemBody {
                        product_id,
                        quantity,
                    }| Item {
            product_id,
            quantity,
        };
        let items: Vec<_> = self.items.into_iter().map(item).collect();
        Basket::new(&items).map_err(|error| {
            let field = match error {
                BasketError::Size => "items".to_owned(),
                BasketError::Quantity(index) => format!("items[{index}].quantity"),
            };
            Problem::invalid_field(field, error.to_string())
        })
    }
}
