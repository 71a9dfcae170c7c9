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
use utoipa::ToSchema;

use crate::{
    commands::{Commands, Reserved},
    domain::{Basket, BasketError, Item, OrderId, ProductId, Refusal, Reservation, Status},
    store::reservations,
};

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct ReserveRequest {
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<ItemBody>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
struct ItemBody {
    product_id: ProductId,
    #[schema(minimum = 1, maximum = 10_000)]
    quantity: i64,
}

/// A reservation, as services see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReservationBody {
    order_id: OrderId,
    #[schema(value_type = Status)]
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
#[utoipa::path(
    put,
    path = "/api/v1/inventory/reservations/{order_id}",
    security(("bearer" = [])),
    params(("order_id" = OrderId, Path)),
    request_body = ReserveRequest,
    responses(
        (status = 201, body = ReservationBody),
        (
            status = 200,
            body = ReservationBody,
            description = "The order has this reservation already."
        ),
        (status = 403, description = "role_missing"),
        (status = 409, description = "out_of_stock, reservation_closed"),
        (status = 422, description = "reservation_differs")
    )
)]
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
#[utoipa::path(
    get,
    path = "/api/v1/inventory/reservations/{order_id}",
    operation_id = "read_reservation",
    security(("bearer" = [])),
    params(("order_id" = OrderId, Path)),
    responses(
        (status = 200, body = ReservationBody),
        (status = 403, description = "role_missing"),
        (status = 404, description = "reservation_not_found")
    )
)]
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
#[utoipa::path(
    post,
    path = "/api/v1/inventory/reservations/{order_id}/commit",
    security(("bearer" = [])),
    params(("order_id" = OrderId, Path)),
    responses(
        (status = 200, body = ReservationBody),
        (status = 403, description = "role_missing"),
        (status = 404, description = "reservation_not_found"),
        (status = 409, description = "reservation_closed")
    )
)]
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
#[utoipa::path(
    post,
    path = "/api/v1/inventory/reservations/{order_id}/release",
    security(("bearer" = [])),
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = ReservationBody), (status = 403, description = "role_missing"))
)]
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
