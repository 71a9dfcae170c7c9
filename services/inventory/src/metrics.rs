//! Business metrics: counted after the commit, in units and with bounded labels (never a product or order id).

use chassis::metrics::Metrics;
use prometheus::{IntCounter, IntCounterVec, opts};

use crate::{
    commands::Settled,
    domain::{Basket, Move},
};

/// The counters of the inventory.
#[derive(Clone)]
pub struct StockMetrics {
    /// `inventory_reservations_total{outcome}`: reserved, repeated, out_of_stock, refused, failed.
    pub reservations: IntCounterVec,
    /// `inventory_received_units_total`
    pub received_units: IntCounter,
    /// `inventory_reserved_units_total`
    pub reserved_units: IntCounter,
    /// `inventory_committed_units_total`
    pub committed_units: IntCounter,
    /// `inventory_released_units_total{reason,from}`: from the reservation (`held`) or from a sale (`committed`).
    pub released_units: IntCounterVec,
}

impl StockMetrics {
    /// Registers the counters.
    pub fn register(metrics: &Metrics) -> Self {
        let counter = |name: &str, help: &str| {
            metrics.register(IntCounter::with_opts(opts!(name, help)).expect("the name is valid"))
        };
        let family = |name: &str, help: &str, labels: &[&str]| {
            let family = IntCounterVec::new(opts!(name, help), labels);
            metrics.register(family.expect("names are valid"))
        };
        Self {
            reservations: family(
                "inventory_reservations_total",
                "Requests to reserve, by outcome.",
                &["outcome"],
            ),
            received_units: counter("inventory_received_units_total", "Units that came in."),
            reserved_units: counter("inventory_reserved_units_total", "Units kept for orders."),
            committed_units: counter("inventory_committed_units_total", "Units sold."),
            released_units: family(
                "inventory_released_units_total",
                "Units made available again, by reason and by what they were before.",
                &["reason", "from"],
            ),
        }
    }

    pub(crate) fn count_received(&self, units: i64) {
        self.received_units.inc_by(positive(units));
    }

    pub(crate) fn count_reserved(&self, basket: &Basket) {
        self.reserved_units.inc_by(positive(basket.units()));
    }

    pub(crate) fn count_settled(&self, settled: &Settled) {
        let units = positive(settled.reservation.basket.units());
        let reason = settled.reason.name();
        match settled.units {
            Some(Move::Sell) => self.committed_units.inc_by(units),
            Some(Move::PutBack) => {
                self.released_units
                    .with_label_values(&[reason, "held"])
                    .inc_by(units);
            }
            Some(Move::TakeBack) => {
                self.released_units
                    .with_label_values(&[reason, "committed"])
                    .inc_by(units);
            }
            Some(Move::Receive | Move::Reserve) | None => {}
        }
    }
}

fn positive(units: i64) -> u64 {
    u64::try_from(units).expect("quantities are checked when they come in")
}
