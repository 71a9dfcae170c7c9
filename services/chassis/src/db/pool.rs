//! The pool of a service: deadpool's queue over sqlx's connections, a limit on the wait, and what a scraper is told.
//!
//! It knows no statement of its own. Why it is not sqlx's pool: `docs/adr/0012-a-pool-of-our-own-over-sqlx.md`.

use std::{
    fmt, io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool::managed::{
    Metrics as Usage, Pool, PoolError, QueueMode, RecycleError, RecycleResult,
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::{sleep, timeout};

use super::{Conn, DbConfig, Tx};
use crate::metrics::Durations;

/// A connection that worked this recently is used without asking whether it still does.
const TRUSTED_IDLE: Duration = Duration::from_millis(500);

/// A backend's memory grows with what it has seen; half an hour bounds that, and a login each half hour is nothing.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 60);

/// Pause between attempts to connect while PostgreSQL is starting.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);

/// The database of a service. Cloning gives another handle on the same connections.
///
/// A single statement takes `&Db` as its executor. Whoever has several takes one connection for all of them, by
/// [`acquire`](Self::acquire) or [`begin`](Self::begin).
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool<Manager>,
    acquire_timeout: Duration,
    settle_timeout: Duration,
    /// Waits that ended without a connection because the time was up.
    timeouts: AtomicU64,
    /// Told how long each wait took, once somebody wants to know.
    waits: OnceLock<Durations>,
}

/// What a pool looks like at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) idle: usize,
    pub(crate) used: usize,
    pub(crate) max: usize,
    /// Callers that have no connection yet.
    pub(crate) pending: usize,
    /// Since the start.
    pub(crate) timeouts: u64,
}

impl Db {
    /// A pool that has no connection yet.
    pub(super) fn new(options: PgConnectOptions, config: &DbConfig) -> Self {
        let max = usize::try_from(config.connections_max).expect("a usize holds a u32 here");
        let pool = Pool::builder(Manager { options })
            .max_size(max)
            // The one used last: its caches are warm, and the others get old enough to be closed.
            .queue_mode(QueueMode::Lifo)
            .build()
            .expect("a pool without timeouts of its own needs no runtime");
        Self {
            shared: Arc::new(Shared {
                pool,
                acquire_timeout: config.acquire_timeout,
                // The server ends every statement by then; the second is for its answer.
                settle_timeout: config.statement_timeout + Duration::from_secs(1),
                timeouts: AtomicU64::new(0),
                waits: OnceLock::new(),
            }),
        }
    }

    /// Waits for a connection, and has it for its own until it is dropped.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] after the acquire timeout; what kept it from connecting, if that is not PostgreSQL's
    /// being about to start.
    pub async fn acquire(&self) -> sqlx::Result<Conn> {
        let _wait = self.shared.waits.get().map(Wait::begin);
        let Ok(got) = timeout(self.shared.acquire_timeout, self.shared.pool.get()).await else {
            self.shared.timeouts.fetch_add(1, Ordering::Relaxed);
            return Err(sqlx::Error::PoolTimedOut);
        };
        match got {
            Ok(object) => Ok(Conn::new(object, self.shared.settle_timeout)),
            Err(PoolError::Backend(error)) => Err(error),
            Err(error) => {
                unreachable!("never closed, without timeouts or hooks of its own: {error}")
            }
        }
    }

    /// Begins a transaction on a connection of its own.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and the database's.
    pub async fn begin(&self) -> sqlx::Result<Tx> {
        Tx::begin(self.acquire().await?).await
    }

    /// How to connect to this database without the pool.
    pub fn connect_options(&self) -> &PgConnectOptions {
        &self.shared.pool.manager().options
    }

    /// Closes what has been idle for longer than that, but never the last connection.
    pub fn close_idle(&self, longer_than: Duration) {
        let mut spare = self.shared.pool.status().size.saturating_sub(1);
        self.shared.pool.retain(|idle, _| {
            let goes = spare > 0 && idle.since.is_none_or(|since| since.elapsed() > longer_than);
            spare -= usize::from(goes);
            !goes
        });
    }

    /// From now on records in `waits` how long each caller waits. The first one stays.
    pub(crate) fn record_waits(&self, waits: Durations) {
        let _ = self.shared.waits.set(waits);
    }

    pub(crate) fn figures(&self) -> Figures {
        let status = self.shared.pool.status();
        Figures {
            idle: status.available,
            used: status.size.saturating_sub(status.available),
            max: status.max_size,
            pending: status.waiting,
            timeouts: self.shared.timeouts.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.figures()).finish()
    }
}

/// A wait, recorded however it ends: a caller whose own time is up goes away, and its wait is the one to know about.
struct Wait<'a> {
    began: Instant,
    waits: &'a Durations,
}

impl<'a> Wait<'a> {
    fn begin(waits: &'a Durations) -> Self {
        Self {
            began: Instant::now(),
            waits,
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.waits.observe(&[], self.began.elapsed());
    }
}

/// A connection while it lies in the pool.
pub(super) struct Pooled {
    pub(super) conn: PgConnection,
    /// When it was given back with nothing left to send or to read; none while somebody has it.
    pub(super) since: Option<Instant>,
}

/// Makes connections, and looks at those that lay idle.
pub(super) struct Manager {
    options: PgConnectOptions,
}

impl deadpool::managed::Manager for Manager {
    type Type = Pooled;
    type Error = sqlx::Error;

    /// Tries again while PostgreSQL is starting: the caller's acquire timeout ends it.
    async fn create(&self) -> Result<Pooled, sqlx::Error> {
        loop {
            match self.options.connect().await {
                Ok(conn) => return Ok(Pooled { conn, since: None }),
                Err(error) if is_starting(&error) => sleep(CONNECT_PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn recycle(&self, idle: &mut Pooled, usage: &Usage) -> RecycleResult<sqlx::Error> {
        let Some(since) = idle.since.take() else {
            return Err(RecycleError::message(
                "given back in the middle of something",
            ));
        };
        if usage.age() > LIFETIME_MAX {
            return Err(RecycleError::message("old"));
        }
        if since.elapsed() > TRUSTED_IDLE {
            idle.conn.ping().await?;
        }
        Ok(())
    }
}

/// Whether PostgreSQL will take connections in a moment: it is not listening yet, says so itself, or has not noticed
/// yet that others are gone.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| ["53300", "57P03"].contains(&&*code)),
        _ => false,
    }
}
