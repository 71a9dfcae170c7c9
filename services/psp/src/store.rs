//! The provider's database: plain functions of SQL.

pub(crate) mod answers;
pub(crate) mod deliveries;
pub(crate) mod ledger;
pub(crate) mod payments;
pub(crate) mod refunds;

use sqlx::{PgConnection, migrate::Migrator};
use uuid::Uuid;

use crate::domain::command::{Done, Effect};

/// The provider's own tables, versions 1001 upward.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// Which rows of a list to show, newest first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cursor {
    /// The newest.
    First,
    /// Older than this one.
    After(Uuid),
    /// Newer than this one, those next to it.
    Before(Uuid),
}

impl Cursor {
    /// The exclusive bounds `id < .0 AND id > .1`.
    fn bounds(self) -> (Uuid, Uuid) {
        match self {
            Self::First => (Uuid::max(), Uuid::nil()),
            Self::After(id) => (id, Uuid::nil()),
            Self::Before(id) => (Uuid::max(), id),
        }
    }

    fn oldest_first(self) -> bool {
        matches!(self, Self::Before(_))
    }
}

/// A stretch of a list, newest first.
#[derive(Debug)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    pub(crate) has_more: bool,
}

impl<T> Listed<T> {
    /// From rows in the order of their query, of which one more than `limit` was asked for.
    fn cut(mut items: Vec<T>, cursor: Cursor, limit: u32) -> Self {
        let has_more = items.len() > limit as usize;
        items.truncate(limit as usize);
        if cursor.oldest_first() {
            items.reverse();
        }
        Self { items, has_more }
    }

    pub(crate) fn map<U>(self, f: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            items: self.items.into_iter().map(f).collect(),
            has_more: self.has_more,
        }
    }
}

/// Writes what a command did: the payment, the refund, and the books.
pub(crate) async fn record(conn: &mut PgConnection, done: &Done, is_new: bool) -> sqlx::Result<()> {
    if is_new {
        payments::insert(conn, &done.payment).await?;
    } else {
        payments::update(conn, &done.payment).await?;
    }
    if let Effect::Refunded(refund) = &done.effect {
        refunds::insert(conn, done.payment.provider, refund).await?;
    }
    match done.movement() {
        Some(movement) => ledger::append(conn, &movement).await,
        None => Ok(()),
    }
}
