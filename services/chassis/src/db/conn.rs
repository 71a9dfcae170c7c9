//! A connection out of the pool, and the way back: at once, without a round trip, if nothing is left to send or to read.
//!
//! A caller may go away in the middle of a statement: a deadline, a client that hung up, an error. What it leaves
//! behind must reach nobody else, and a rollback must not lie in a buffer while its locks are held.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use deadpool::managed::Object;
use futures_util::FutureExt as _;
use sqlx::{Connection as _, PgConnection};
use tokio::{runtime::Handle, time::timeout};

use super::pool::{Manager, Pooled};

/// A connection of the pool, given back when dropped.
///
/// For statements, not for a transaction: that is [`Db::begin`](super::Db::begin). sqlx's own `begin` leaves the
/// transaction open if its caller goes away before the answer.
pub struct Conn {
    /// None only while being dropped.
    object: Option<Object<Manager>>,
    settle_timeout: Duration,
}

impl Conn {
    pub(super) fn new(object: Object<Manager>, settle_timeout: Duration) -> Self {
        Self {
            object: Some(object),
            settle_timeout,
        }
    }

    /// Closes the connection instead of giving it back. PostgreSQL takes that for a rollback.
    pub(super) fn discard(&mut self) {
        self.object.take().map(Object::take);
    }
}

impl Deref for Conn {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.object.as_ref().expect(HELD).conn
    }
}

impl DerefMut for Conn {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.object.as_mut().expect(HELD).conn
    }
}

const HELD: &str = "a connection is held until it is dropped";

impl Drop for Conn {
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else {
            return;
        };
        // The first look sends what is to be sent, if the socket takes it, and waits for nothing.
        match settle(&mut object).now_or_never() {
            Some(settled) => give_back(object, settled),
            None => settle_apart(object, self.settle_timeout),
        }
    }
}

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conn").finish_non_exhaustive()
    }
}

/// Sends what is still to be sent and reads what is still to come; may be left off and begun again at any point. False
/// if the connection is lost. At once if nothing is left, which is the rule: sqlx counts the answers that it waits for.
async fn settle(pooled: &mut Pooled) -> bool {
    loop {
        match pooled.conn.flush().await {
            Ok(()) => return true,
            // How a statement ended whose caller is gone: nobody's any more.
            Err(sqlx::Error::Database(_)) => {}
            Err(_) => return false,
        }
    }
}

/// Settles in a task; until then the connection counts as used. A task that is not run to its end, because the process
/// stops, gives back a connection that was not settled, and such a one is closed.
fn settle_apart(mut object: Object<Manager>, limit: Duration) {
    let Ok(runtime) = Handle::try_current() else {
        return give_back(object, false);
    };
    runtime.spawn(async move {
        let settled = timeout(limit, settle(&mut object)).await;
        give_back(object, settled.unwrap_or(false));
    });
}

fn give_back(mut object: Object<Manager>, settled: bool) {
    if settled {
        object.since = Some(Instant::now());
    } else {
        drop(Object::take(object));
    }
}
