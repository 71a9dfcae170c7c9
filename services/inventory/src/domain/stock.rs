//! Arithmetic on the stock of one product.
//!
//! The five [`Move`]s are the only way in which units change hands. The SQL in [`crate::store::stock`] takes its numbers
//! from [`Move::per_unit`], so there is one table of rules, not two.

/// The stock of one product, in units. `received = available + reserved + sold`, and none is negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Everything that ever came in.
    pub received: i64,
    /// Can be reserved.
    pub available: i64,
    /// Kept for orders that have not paid yet.
    pub reserved: i64,
    /// Belongs to orders that have paid.
    pub sold: i64,
}

/// What can happen to units of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// New units come in.
    Receive,
    /// Available units are kept for an order.
    Reserve,
    /// Reserved units are sold.
    Sell,
    /// Reserved units become available again.
    PutBack,
    /// Sold units become available again: a return.
    TakeBack,
}

/// What one unit changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerUnit {
    /// Added to `received`.
    pub received: i64,
    /// Added to `available`.
    pub available: i64,
    /// Added to `reserved`.
    pub reserved: i64,
    /// Added to `sold`.
    pub sold: i64,
}

impl Move {
    /// What one unit changes.
    pub const fn per_unit(self) -> PerUnit {
        let (received, available, reserved, sold) = match self {
            Self::Receive => (1, 1, 0, 0),
            Self::Reserve => (0, -1, 1, 0),
            Self::Sell => (0, 0, -1, 1),
            Self::PutBack => (0, 1, -1, 0),
            Self::TakeBack => (0, 1, 0, -1),
        };
        PerUnit {
            received,
            available,
            reserved,
            sold,
        }
    }
}

impl Level {
    /// The level after a move of `quantity` units; `None` if a figure would become negative or leave 64 bits.
    #[must_use]
    pub fn after(self, movement: Move, quantity: i64) -> Option<Self> {
        let PerUnit {
            received,
            available,
            reserved,
            sold,
        } = movement.per_unit();
        let changed = |figure: i64, per_unit: i64| {
            figure
                .checked_add(per_unit.checked_mul(quantity)?)
                .filter(|after| *after >= 0)
        };
        Some(Self {
            received: changed(self.received, received)?,
            available: changed(self.available, available)?,
            reserved: changed(self.reserved, reserved)?,
            sold: changed(self.sold, sold)?,
        })
    }

    /// Whether the figures make sense together.
    pub fn adds_up(self) -> bool {
        let parts = [self.available, self.reserved, self.sold];
        let sum: i128 = parts.into_iter().map(i128::from).sum();
        parts.into_iter().all(|figure| figure >= 0) && sum == i128::from(self.received)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOVES: [Move; 5] = [
        Move::Receive,
        Move::Reserve,
        Move::Sell,
        Move::PutBack,
        Move::TakeBack,
    ];

    #[test]
    fn each_move_shifts_units_and_loses_none() {
        for movement in MOVES {
            let PerUnit {
                received,
                available,
                reserved,
                sold,
            } = movement.per_unit();
            assert_eq!(received, available + reserved + sold, "{movement:?}");
        }
    }

    #[test]
    fn the_last_unit_can_be_reserved_and_no_further_one() {
        let full = Level::default().after(Move::Receive, 1).unwrap();
        let empty = full.after(Move::Reserve, 1).unwrap();
        assert_eq!(
            empty,
            Level {
                received: 1,
                available: 0,
                reserved: 1,
                sold: 0
            }
        );
        assert_eq!(empty.after(Move::Reserve, 1), None);
    }

    #[test]
    fn figures_that_leave_64_bits_are_refused() {
        let huge = Level::default().after(Move::Receive, i64::MAX).unwrap();
        assert_eq!(huge.after(Move::Receive, 1), None);
        assert_eq!(huge.after(Move::Reserve, i64::MIN), None);
    }

    fn history() -> impl Strategy<Value = Vec<(Move, i64)>> {
        let quantity = prop_oneof![8 => 0_i64..50, 1 => 0_i64..i64::MAX];
        prop::collection::vec((prop::sample::select(&MOVES), quantity), 0..200)
    }

    proptest! {
        #[test]
        fn stock_adds_up_and_is_never_negative_after_any_history(history in history()) {
            let mut level = Level::default();
            for (movement, quantity) in history {
                level = level.after(movement, quantity).unwrap_or(level);
                prop_assert!(level.adds_up(), "{:?} after {:?} of {}", level, movement, quantity);
            }
        }

        #[test]
        fn putting_back_undoes_reserving(received in 0_i64..1000, quantity in 0_i64..1000) {
            let before = Level::default().after(Move::Receive, received).unwrap();
            if let Some(reserved) = before.after(Move::Reserve, quantity) {
                prop_assert_eq!(reserved.after(Move::PutBack, quantity), Some(before));
                let sold = reserved.after(Move::Sell, quantity).unwrap();
                prop_assert_eq!(sold.after(Move::TakeBack, quantity), Some(before));
            } else {
                prop_assert!(quantity > received);
            }
        }
    }
}
