//! The life of a reservation.
//!
//! ```text
//!            ┌─ commit ──▶ committed ─ release (a return) ─┐
//!   held ────┼─ release ─────────────────────────────────▶ released
//!            └─ expire ──▶ expired
//! ```
//!
//! Released and expired are final. A release that comes before the reservation leaves a tombstone: a reservation in
//! `released` that never held anything, so that the late reserve finds the order closed.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Basket, Move, OrderId, Refusal};

/// Where a reservation is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Status {
    /// Units are kept for the order.
    Held,
    /// The order paid; the units are sold.
    Committed,
    /// The units are available again.
    Released,
    /// As released, because nobody committed in time.
    Expired,
}

/// What can be asked of a reservation that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The order has paid.
    Commit,
    /// The order does not want the units (any more).
    Release,
    /// Its time is up.
    Expire,
}

/// A change of state, and what happens to the units of the basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The new state.
    pub to: Status,
    /// How each unit moves.
    pub units: Move,
}

/// Why units were released; bounded, for it is a metric label and part of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseReason {
    /// Asked for over HTTP: the saga compensates, or a paid order is taken back.
    Requested,
    /// The order was cancelled, as its event says.
    OrderCancelled,
    /// Nobody committed in time.
    Expired,
}

/// A reservation as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The order that it is for.
    pub order_id: OrderId,
    /// Where it is in its life.
    pub status: Status,
    /// When a held one may expire; `None` for a tombstone.
    pub expires_at: Option<DateTime<Utc>>,
    /// Number of events so far: 1 after the reserve, 0 for a tombstone.
    pub version: i64,
    /// What it is for; empty for a tombstone.
    pub basket: Basket,
}

impl Status {
    /// The status as JSON, SQL and people spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    /// What a command does in this state: a step, nothing because it was done before, or a refusal.
    ///
    /// # Errors
    /// [`Refusal::ReservationClosed`]: what was given back cannot be sold.
    pub fn on(self, command: Command) -> Result<Option<Step>, Refusal> {
        let step = |to, units| Ok(Some(Step { to, units }));
        match (self, command) {
            (Self::Held, Command::Commit) => step(Self::Committed, Move::Sell),
            (Self::Held, Command::Release) => step(Self::Released, Move::PutBack),
            (Self::Held, Command::Expire) => step(Self::Expired, Move::PutBack),
            (Self::Committed, Command::Release) => step(Self::Released, Move::TakeBack),
            (Self::Released | Self::Expired, Command::Commit) => {
                Err(Refusal::ReservationClosed(self))
            }
            (Self::Committed, Command::Commit | Command::Expire)
            | (Self::Released | Self::Expired, Command::Release | Command::Expire) => Ok(None),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ReleaseReason {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Requested, Self::OrderCancelled, Self::Expired];

    /// The reason as the event and the metric spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::OrderCancelled => "order_cancelled",
            Self::Expired => "expired",
        }
    }
}

impl Reservation {
    /// Answers a reserve for an order that has a reservation already: fine if it asks for the same.
    ///
    /// # Errors
    /// [`Refusal::ReservationClosed`], [`Refusal::ReservationDiffers`].
    pub fn repeat(&self, wanted: &Basket) -> Result<(), Refusal> {
        let same = self.basket == *wanted;
        match self.status {
            Status::Held | Status::Committed if same => Ok(()),
            Status::Held => Err(Refusal::ReservationDiffers),
            closed => Err(Refusal::ReservationClosed(closed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Item, Level, ProductId};

    const ALL: [Status; 4] = [
        Status::Held,
        Status::Committed,
        Status::Released,
        Status::Expired,
    ];
    const COMMANDS: [Command; 3] = [Command::Commit, Command::Release, Command::Expire];

    fn basket(quantity: i64) -> Basket {
        Basket::new(&[Item {
            product_id: ProductId::new(),
            quantity,
        }])
        .unwrap()
    }

    fn reservation(status: Status, basket: Basket) -> Reservation {
        Reservation {
            order_id: OrderId::new(),
            status,
            expires_at: None,
            version: 1,
            basket,
        }
    }

    #[test]
    fn exactly_the_legal_moves_are_allowed() {
        let legal: Vec<_> = ALL
            .into_iter()
            .flat_map(|from| COMMANDS.map(|command| (from, from.on(command))))
            .filter_map(|(from, step)| step.ok().flatten().map(|step| (from, step.to)))
            .collect();
        assert_eq!(
            legal,
            [
                (Status::Held, Status::Committed),
                (Status::Held, Status::Released),
                (Status::Held, Status::Expired),
                (Status::Committed, Status::Released),
            ]
        );
    }

    #[test]
    fn what_was_given_back_cannot_be_sold() {
        for closed in [Status::Released, Status::Expired] {
            let refused = closed.on(Command::Commit);
            assert_eq!(refused, Err(Refusal::ReservationClosed(closed)));
        }
    }

    #[test]
    fn reserving_again_is_fine_only_for_the_same_basket_of_a_live_reservation() {
        let (same, other) = (basket(2), basket(3));
        for (status, wanted, answer) in [
            (Status::Held, &same, Ok(())),
            (Status::Committed, &same, Ok(())),
            (Status::Held, &other, Err(Refusal::ReservationDiffers)),
            (
                Status::Committed,
                &other,
                Err(Refusal::ReservationClosed(Status::Committed)),
            ),
            (
                Status::Released,
                &same,
                Err(Refusal::ReservationClosed(Status::Released)),
            ),
            (
                Status::Expired,
                &same,
                Err(Refusal::ReservationClosed(Status::Expired)),
            ),
        ] {
            assert_eq!(
                reservation(status, same.clone()).repeat(wanted),
                answer,
                "{status}"
            );
        }
    }

    proptest! {
        /// Whatever is asked in whatever order, the units are where the state says they are.
        #[test]
        fn units_follow_the_state(
            quantity in 1_i64..100,
            commands in prop::collection::vec(prop::sample::select(&COMMANDS), 0..20),
        ) {
            let all = Level::default().after(Move::Receive, quantity).unwrap();
            let mut level = all.after(Move::Reserve, quantity).unwrap();
            let mut status = Status::Held;
            for command in commands {
                if let Ok(Some(step)) = status.on(command) {
                    level = level.after(step.units, quantity).expect("a legal step has its units");
                    status = step.to;
                }
                let (reserved, sold) = (level.reserved == quantity, level.sold == quantity);
                prop_assert_eq!(reserved, status == Status::Held);
                prop_assert_eq!(sold, status == Status::Committed);
                prop_assert!(level.adds_up());
            }
        }

        #[test]
        fn each_command_is_idempotent(
            from in prop::sample::select(&ALL),
            command in prop::sample::select(&COMMANDS),
        ) {
            if let Ok(Some(step)) = from.on(command) {
                prop_assert_eq!(step.to.on(command), Ok(None));
            }
        }
    }
}
