//! Commit, release, expire: the ways in which a reservation ends.

use chassis::events::outbox;
use sqlx::PgConnection;

use crate::{
    domain::{Basket, Command, Move, OrderId, Refusal, ReleaseReason, Reservation, Status},
    error::Error,
    events,
    store::{reservations, stock},
};

/// A reservation after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// As it is now.
    pub reservation: Reservation,
    /// How its units moved; `None` if the command had been done before.
    pub units: Option<Move>,
    /// Why, if they were released.
    pub reason: ReleaseReason,
}

pub(super) async fn commit(conn: &mut PgConnection, order_id: OrderId) -> Result<Settled, Error> {
    let held = reservations::lock(conn, order_id)
        .await?
        .ok_or(Refusal::ReservationUnknown)?;
    settle(conn, held, Command::Commit, ReleaseReason::Requested).await
}

/// Releases the reservation of an order in the caller's transaction; closes the order if it has none.
///
/// # Errors
/// The database's; [`Error::Books`] if the units are not where the reservation says.
pub async fn release(
    conn: &mut PgConnection,
    order_id: OrderId,
    reason: ReleaseReason,
) -> Result<Settled, Error> {
    let found = match reservations::lock(conn, order_id).await? {
        None if reservations::insert_tombstone(conn, order_id).await? => {
            return Ok(Settled {
                reservation: tombstone(order_id),
                units: None,
                reason,
            });
        }
        // A reserve was committed in between; it is visible now.
        None => reservations::lock(conn, order_id).await?,
        found => found,
    };
    let found = found.ok_or_else(|| Error::Books(format!("{order_id} exists and does not")))?;
    settle(conn, found, Command::Release, reason).await
}

pub(super) async fn expire_next(conn: &mut PgConnection) -> Result<Option<Settled>, Error> {
    let Some(due) = reservations::lock_due(conn).await? else {
        return Ok(None);
    };
    settle(conn, due, Command::Expire, ReleaseReason::Expired)
        .await
        .map(Some)
}

/// Applies a command to a reservation that is locked: status, event, units, with the hot rows last.
async fn settle(
    conn: &mut PgConnection,
    mut reservation: Reservation,
    command: Command,
    reason: ReleaseReason,
) -> Result<Settled, Error> {
    let Some(step) = reservation.status.on(command)? else {
        return Ok(Settled {
            reservation,
            units: None,
            reason,
        });
    };
    reservation.status = step.to;
    reservation.version += 1;
    reservations::update(conn, &reservation).await?;
    outbox::append(conn, &events::settled(&reservation, reason)).await?;
    let moved = stock::move_units(conn, step.units, &reservation.basket).await?;
    if moved.len() < reservation.basket.items().len() {
        let order_id = reservation.order_id;
        return Err(Error::Books(format!(
            "units of {order_id} cannot {:?}",
            step.units
        )));
    }
    Ok(Settled {
        reservation,
        units: Some(step.units),
        reason,
    })
}

fn tombstone(order_id: OrderId) -> Reservation {
    Reservation {
        order_id,
        status: Status::Released,
        expires_at: None,
        version: 0,
        basket: Basket::from_stored(Vec::new()),
    }
}
