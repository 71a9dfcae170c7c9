//! The provider's own books, read behind its back.

use chassis::testing::TestDb;
use uuid::Uuid;

pub(crate) struct Ledger {
    db: TestDb,
}

/// What the provider did for an order, over both of its faces, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Moved {
    pub(crate) charges: i64,
    pub(crate) captured: i64,
    pub(crate) refunds: i64,
    pub(crate) refunded: i64,
}

impl Moved {
    pub(crate) fn nothing_stays(self) -> bool {
        self.charges <= 1 && self.captured == self.refunded
    }
}

impl Ledger {
    pub(crate) fn new(db: TestDb) -> Self {
        Self { db }
    }

    pub(crate) async fn of(&self, order: Uuid) -> Moved {
        sqlx::query_as(
            "SELECT count(*) FILTER (WHERE kind = 'capture') AS charges,
                    coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0)::bigint AS captured,
                    count(*) FILTER (WHERE kind = 'refund') AS refunds,
                    coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded
             FROM ledger_entries WHERE order_id = $1 AND account = 'merchant'",
        )
        .bind(order.to_string())
        .fetch_one(&self.db.pool)
        .await
        .unwrap()
    }

    /// Payments that the provider knows for an order, by face.
    pub(crate) async fn intents(&self, order: Uuid, provider: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM payments WHERE order_id = $1 AND provider = $2")
            .bind(order.to_string())
            .bind(provider)
            .fetch_one(&self.db.pool)
            .await
            .unwrap()
    }
}
