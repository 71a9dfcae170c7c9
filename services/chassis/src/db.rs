//! PostgreSQL: a small pool with limits, migrations, and what an error means.
//!
//! It holds no query of the domain. A service owns one database and one role; nobody else connects to it.

mod conn;
mod executor;
mod pool;
mod tx;

use std::time::Duration;

use anyhow::Context as _;
use sqlx::{
    ConnectOptions as _,
    migrate::{MigrateError, Migrator},
    postgres::PgConnectOptions,
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::{log::LevelFilter, warn};

pub use self::{conn::Conn, pool::Db, tx::Tx};
use crate::{
    config::{ConfigError, Env},
    retention::{self, Retention},
    service::{Context, Tasks},
};

/// Outbox, inbox and idempotency keys: the tables that the chassis itself needs, versions 1 to 999.
pub static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// The first version that a service's own migrations may have.
const SERVICE_VERSION_MIN: i64 = 1000;

/// Connections of a burst are closed this soon: each is a process of PostgreSQL.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// How often is looked for them.
const IDLE_INTERVAL: Duration = Duration::from_secs(10);

/// Limits of a pool.
#[derive(Clone, Debug)]
pub struct DbConfig {
    /// Shown in `pg_stat_activity`: the service's name.
    pub application_name: String,
    /// Most connections: `DB_CONNECTIONS_MAX`, and what the service says by default, at most 6. A backend costs
    /// PostgreSQL megabytes, and two cores run few statements at once: more connections would queue inside the
    /// database instead of in front of it.
    pub connections_max: u32,
    /// Longest wait for a free connection: `DB_ACQUIRE_TIMEOUT_MS`, 2 s; shorter than a request's deadline.
    pub acquire_timeout: Duration,
    /// Longest statement: `DB_STATEMENT_TIMEOUT_MS`, 5 s. Nothing in the shop should take a tenth of it.
    pub statement_timeout: Duration,
    /// Longest pause inside a transaction: `DB_IDLE_IN_TRANSACTION_TIMEOUT_MS`, 5 s. A paused process must not hold
    /// its row locks for ever.
    pub idle_in_transaction_timeout: Duration,
    /// How long [`connect`] waits for a database that does not answer: `DB_CONNECT_DEADLINE_MS`, 30 s.
    pub connect_deadline: Duration,
}

impl DbConfig {
    /// The defaults.
    pub fn new(application_name: impl Into<String>) -> Self {
        Self {
            application_name: application_name.into(),
            connections_max: 6,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            idle_in_transaction_timeout: Duration::from_secs(5),
            connect_deadline: Duration::from_secs(30),
        }
    }

    /// The defaults, overridden by the environment. `connections_max` is the service's own default.
    fn from_env(
        application_name: &str,
        env: &Env,
        connections_max: u32,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            application_name: application_name.to_owned(),
            connections_max: env.parsed_or("DB_CONNECTIONS_MAX", connections_max)?,
            acquire_timeout: env.millis_or("DB_ACQUIRE_TIMEOUT_MS", 2_000)?,
            statement_timeout: env.millis_or("DB_STATEMENT_TIMEOUT_MS", 5_000)?,
            idle_in_transaction_timeout: env
                .millis_or("DB_IDLE_IN_TRANSACTION_TIMEOUT_MS", 5_000)?,
            connect_deadline: env.millis_or("DB_CONNECT_DEADLINE_MS", 30_000)?,
        })
    }
}

/// The database of a service, ready to be used: `DATABASE_URL` is connected to and migrated, readiness asks it, and
/// what the chassis keeps in it is pruned. `connections_max` is how many connections the service wants by default.
///
/// # Errors
/// Configuration that makes no sense, a database that does not answer or cannot be migrated.
pub async fn open(
    context: &Context,
    service: &Migrator,
    connections_max: u32,
) -> anyhow::Result<Db> {
    let url = context.env.secret("DATABASE_URL", "a postgres:// URL")?;
    let config = DbConfig::from_env(context.config.name, &context.env, connections_max)?;
    let retention = Retention::from_env(&context.env)?;
    let db = connect(url.expose(), &config)
        .await
        .context("connecting to DATABASE_URL")?;
    migrate(&db, service)
        .await
        .context("migrating the database")?;
    context.health.register_postgres(db.clone());
    context.metrics.watch_pool(&db);
    close_idle(&context.tasks, db.clone());
    retention::spawn(&context.tasks, db.clone(), retention);
    Ok(db)
}

/// Gives PostgreSQL back what a burst took, until the service stops.
fn close_idle(tasks: &Tasks, db: Db) {
    let stopping = tasks.stopping();
    tasks.spawn("idle connections", async move {
        let mut ticks = interval(IDLE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            db.close_idle(IDLE_MAX);
        }
        Ok(())
    });
}

/// Opens the pool; asks again, up to the deadline, while the database is not there yet.
///
/// # Errors
/// A malformed URL or a refused login at once; an unreachable database after the deadline.
pub async fn connect(url: &str, config: &DbConfig) -> sqlx::Result<Db> {
    let db = Db::new(connect_options(url, config)?, config);
    let deadline = Instant::now() + config.connect_deadline;
    let mut warned = false;
    loop {
        match db.acquire().await {
            Ok(_) => return Ok(db),
            Err(error) if is_transient(&error) && Instant::now() < deadline => {
                if !std::mem::replace(&mut warned, true) {
                    warn!(%error, "the database does not answer yet; trying again");
                }
                sleep(Duration::from_millis(200)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn connect_options(url: &str, config: &DbConfig) -> sqlx::Result<PgConnectOptions> {
    let millis = |duration: Duration| duration.as_millis().to_string();
    Ok(url
        .parse::<PgConnectOptions>()?
        .application_name(&config.application_name)
        .options([
            // Every statement looks rows up by keys, and its best plan is the same for all of them. Left to itself
            // PostgreSQL plans those with array parameters anew at each execution: a tenth of its processor time.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
            ("statement_timeout", millis(config.statement_timeout)),
            (
                "idle_in_transaction_session_timeout",
                millis(config.idle_in_transaction_timeout),
            ),
        ])
        // Each statement becomes a span (see `telemetry::sql`); the log shows them from this level on.
        .log_statements(LevelFilter::Debug)
        .log_slow_statements(LevelFilter::Warn, Duration::from_secs(1)))
}

/// Brings the database up to date: the chassis's tables and the service's own, as one history in one table.
///
/// # Errors
/// A service migration with a version below 1000, one that was changed after it ran, or SQL that fails.
pub async fn migrate(db: &Db, service: &Migrator) -> Result<(), MigrateError> {
    let merged = merge(service)?;
    let mut conn = db.acquire().await?;
    // Waiting for another instance's migration is not a slow statement.
    sqlx::query("SET statement_timeout = 0")
        .execute(&mut *conn)
        .await?;
    merged.run(&mut *conn).await?;
    sqlx::query("RESET statement_timeout")
        .execute(&mut *conn)
        .await?;
    Ok(())
}

fn merge(service: &Migrator) -> Result<Migrator, MigrateError> {
    if let Some(low) = service
        .iter()
        .find(|migration| migration.version < SERVICE_VERSION_MIN)
    {
        let text = format!(
            "service migration {} is below {SERVICE_VERSION_MIN}",
            low.version
        );
        return Err(MigrateError::Source(text.into()));
    }
    Ok(Migrator::with_migrations(
        MIGRATOR.iter().chain(service.iter()).cloned().collect(),
    ))
}

/// Name of the constraint that a statement violated, as the migration spells it.
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error
        .as_database_error()
        .and_then(|error| error.constraint())
}

/// Whether the same statement may succeed later without anybody changing anything: the database is away, full,
/// restarting, or another transaction was in the way. A statement timeout is not counted: it tends to come again.
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // 08 connection exception, 53 insufficient resources, 57P operator intervention,
            // 55000 is what a database says that takes no connections, because somebody closed it for maintenance;
            // 40001 serialization failure, 40P01 deadlock, 55P03 lock not available,
            // 25P03 idle-in-transaction timeout: https://www.postgresql.org/docs/current/errcodes-appendix.html
            ["08", "53", "57P"]
                .iter()
                .any(|class| code.starts_with(class))
                || ["40001", "40P01", "55000", "55P03", "25P03"].contains(&&*code)
        }),
        _ => false,
    }
}
