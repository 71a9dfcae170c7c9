//! A payment as a whole: whose, for what, and where it stands.

use chassis::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::{Position, Provider};

chassis::define_id!(
    /// A payment.
    PaymentId
);
chassis::define_id!(
    /// An order, which another service owns.
    OrderId
);
chassis::define_id!(
    /// A user, whom another service owns.
    UserId
);

/// A payment.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Payment {
    /// Id of the payment.
    pub id: PaymentId,
    /// What it pays for; one payment an order.
    pub order_id: OrderId,
    /// Who pays; unknown for a tombstone.
    pub user_id: Option<UserId>,
    /// Currency of all its amounts; unknown for a tombstone.
    pub currency: Option<Currency>,
    /// Who took, or is asked to take, the money; nobody for a tombstone.
    pub provider: Option<Provider>,
    /// Why the provider refused.
    pub decline_code: Option<String>,
    /// Status and sums.
    #[sqlx(flatten)]
    pub position: Position,
    /// Number of its last event.
    pub version: i64,
    /// Joins everything that the request caused which made it.
    pub correlation_id: String,
    /// How often the reconciler looked at it.
    pub checks: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Payment {
    /// What the order asked for; unknown for a tombstone.
    pub fn amount(&self) -> Option<Money> {
        self.money(self.position.amount)
    }

    /// An amount in the payment's currency.
    pub fn money(&self, amount: i64) -> Option<Money> {
        self.currency.map(|currency| Money::new(amount, currency))
    }
}
