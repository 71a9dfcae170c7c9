//! Business metrics: counted after the commit, in units and with bounded labels (never a product or order id).

use chassis::metrics::{Metrics, Spec};
use prometheus::IntCounterVec;

use crate::{
    commands::Settled,
    domain::{Basket, Move, ReleaseReason},
};

const RESERVATIONS: Spec = Spec::new(
    "inventory_reservations_total",
    "Requests to reserve, by outcome.",
    &["outcome"],
);
const UNITS: Spec = Spec::new(
    "stock_units_total",
    "Units by how they moved: in (received, returned), kept (reserved), sold (committed), free again (released, expired).",
    &["movement"],
);

const RECEIVED: &str = "received";
const RESERVED: &str = "reserved";
const COMMITTED: &str = "committed";
const RELEASED: &str = "released";
const EXPIRED: &str = "expired";
/// Sold, and then given back.
const RETURNED: &str = "returned";

/// The counters of the inventory.
#[derive(Clone)]
pub struct StockMetrics {
    /// Outcome: reserved, repeated, out_of_stock, refused, failed.
    pub reservations: IntCounterVec,
    units: IntCounterVec,
}

impl StockMetrics {
    /// Registers the counters. Movements are there from the start, so that the first one shows as an increase.
    pub fn register(metrics: &Metrics) -> Self {
        let units = metrics.counter(UNITS);
        for movement in [RECEIVED, RESERVED, COMMITTED, RELEASED, EXPIRED, RETURNED] {
            drop(units.with_label_values(&[movement]));
        }
        Self {
            reservations: metrics.counter(RESERVATIONS),
            units,
        }
    }

    pub(crate) fn count_received(&self, units: i64) {
        self.count(RECEIVED, units);
    }

    pub(crate) fn count_reserved(&self, basket: &Basket) {
        self.count(RESERVED, basket.units());
    }

    pub(crate) fn count_settled(&self, settled: &Settled) {
        let movement = match (settled.units, settled.reason) {
            (Some(Move::Sell), _) => COMMITTED,
            (Some(Move::PutBack), ReleaseReason::Expired) => EXPIRED,
            (Some(Move::PutBack), _) => RELEASED,
            (Some(Move::TakeBack), _) => RETURNED,
            (Some(Move::Receive | Move::Reserve) | None, _) => return,
        };
        self.count(movement, settled.reservation.basket.units());
    }

    fn count(&self, movement: &str, units: i64) {
        let units = u64::try_from(units).expect("quantities are checked when they come in");
        self.units.with_label_values(&[movement]).inc_by(units);
    }
}
