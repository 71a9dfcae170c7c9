//! What the databases say, loaded into memory: one snapshot a database.

mod read;

use std::collections::{HashMap, HashSet};

use sqlx::FromRow;
use uuid::Uuid;

pub use self::read::load;
use crate::history::{History, Keys};

/// Where to read: `postgres://` URLs of a role that may read and not write.
#[derive(Clone, Debug)]
pub struct Sources {
    /// order's database.
    pub order: String,
    /// payment's database.
    pub payment: String,
    /// inventory's database.
    pub inventory: String,
    /// product's database.
    pub product: String,
    /// user's database.
    pub user: String,
    /// The provider's database.
    pub psp: String,
    /// Ids of events that lie in dead-letter topics; they are accounted for without having been applied.
    pub dead_letters: HashSet<Uuid>,
    /// What a client says that it did, if one kept a history.
    pub history: Option<History>,
    /// Ids of orders, products and events that are known to disagree, and are not to be told of again.
    pub forgiven: HashSet<String>,
}

/// An order of the read model, with its saga and the version of its stream.
#[derive(Clone, Debug, FromRow)]
pub struct Order {
    /// The order.
    pub id: Uuid,
    /// Its status.
    pub status: String,
    /// What it costs, minor units.
    pub total: i64,
    /// What order knows to have gone back.
    pub refunded: i64,
    /// Version of the read model.
    pub version: i64,
    /// Version of the stream; `None` without events.
    pub stream_version: Option<i64>,
    /// Status that the stream's events lead to.
    pub stream_status: Option<String>,
    /// State of its saga.
    pub saga: Option<String>,
    /// W3C traceparent of the request that made it.
    pub traceparent: Option<String>,
}

/// A payment, by order.
#[derive(Clone, Debug, Default, FromRow)]
pub struct Payment {
    /// The order that it is for.
    pub order_id: Uuid,
    /// Its status.
    pub status: String,
    /// Captured, minor units.
    pub captured: i64,
    /// Refunded, minor units.
    pub refunded: i64,
}

/// What the provider's ledger says about an order.
#[derive(Clone, Debug, Default, FromRow)]
pub struct LedgerSum {
    /// The reference that the shop gave; empty for a payment without one.
    pub order_id: String,
    /// Captures, as a number of movements.
    pub captures: i64,
    /// Captured, minor units.
    pub captured: i64,
    /// Refunded, minor units.
    pub refunded: i64,
}

/// A row of the stock table, with what reservations say it should be.
#[derive(Clone, Debug, Default, FromRow)]
pub struct Stock {
    /// The product.
    pub product_id: Uuid,
    /// All that ever came in.
    pub received: i64,
    /// Can be sold.
    pub available: i64,
    /// Taken aside.
    pub reserved: i64,
    /// Sold.
    pub sold: i64,
    /// Units in reservations that are held.
    pub held_items: i64,
    /// Units in reservations that are committed.
    pub committed_items: i64,
}

/// A reservation.
#[derive(Clone, Debug, FromRow)]
pub struct Reservation {
    /// The order that it is for.
    pub order_id: Uuid,
    /// held, committed, released, expired.
    pub status: String,
    /// Units in all.
    pub units: i64,
}

/// Events of one service that wait for the relay.
#[derive(Clone, Debug)]
pub struct Unpublished {
    /// The service.
    pub service: &'static str,
    /// Ids of the events.
    pub events: Vec<Uuid>,
}

/// Events that a consumer should have applied, and has not.
#[derive(Clone, Debug)]
pub struct Unapplied {
    /// The consumer group.
    pub consumer: &'static str,
    /// Ids of the events, with their aggregate.
    pub events: Vec<(Uuid, Uuid)>,
}

/// Everything that the checks look at.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Orders.
    pub orders: Vec<Order>,
    /// Units ordered, by order.
    pub ordered_units: HashMap<Uuid, i64>,
    /// Payments.
    pub payments: Vec<Payment>,
    /// The provider's ledger by order.
    pub ledger: Vec<LedgerSum>,
    /// Debits minus credits over the whole ledger.
    pub ledger_imbalance: i64,
    /// Stock.
    pub stock: Vec<Stock>,
    /// Reservations.
    pub reservations: Vec<Reservation>,
    /// Events not yet published.
    pub unpublished: Vec<Unpublished>,
    /// Events not yet applied.
    pub unapplied: Vec<Unapplied>,
    /// Events published.
    pub published: i64,
    /// Events in dead-letter topics.
    pub dead_letters: usize,
    /// What a client says that it did.
    pub history: Option<History>,
    /// Ids that are known to disagree.
    pub forgiven: HashSet<String>,
    /// Which order each idempotency key has made; only read when there is a history.
    pub keys: Keys,
}
