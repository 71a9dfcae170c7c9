//! A transaction on a connection of its own: committed, or undone however its owner ends.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, postgres::PgTransactionManager as Manager};
use sqlx_core::transaction::TransactionManager as _;

use super::Conn;

/// A transaction. Dropped without [`commit`](Self::commit) it is rolled back: the request for it leaves at once, the
/// connection is used again when PostgreSQL has answered.
#[derive(Debug)]
pub struct Tx {
    conn: Conn,
    open: bool,
}

impl Tx {
    pub(super) async fn begin(conn: Conn) -> sqlx::Result<Self> {
        // Open before anything is sent: who is not there any more for the answer may have begun one.
        let mut tx = Self { conn, open: true };
        Manager::begin(&mut tx.conn, None).await?;
        Ok(tx)
    }

    /// Makes it last.
    ///
    /// # Errors
    /// The database's. One that is about the connection leaves open whether it was committed.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        Manager::commit(&mut self.conn).await?;
        self.open = false;
        Ok(())
    }

    /// Undoes it and waits until it is undone; dropping undoes it without waiting.
    ///
    /// # Errors
    /// The database's.
    pub async fn rollback(mut self) -> sqlx::Result<()> {
        Manager::rollback(&mut self.conn).await?;
        self.open = false;
        Ok(())
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        if Manager::get_transaction_depth(&self.conn) > 0 {
            // Queued here; sent when the connection is dropped, right after this.
            Manager::start_rollback(&mut self.conn);
        } else {
            // BEGIN was not answered. sqlx does not count it, and the next one would be in the middle of it.
            self.conn.discard();
        }
    }
}
