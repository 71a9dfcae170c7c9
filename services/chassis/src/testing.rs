//! Helpers for integration tests on real parts: a database of one's own, a binary that may
//! die, waiting for a condition.
//!
//! Behind the feature `testing`; no service is built with it. Here panicking is the way to fail.

pub mod auth;
mod binary;
pub mod otlp;
pub mod scrape;
pub mod telemetry;

use std::{
    future::Future,
    panic::Location,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Executor as _, migrate::Migrator,
    postgres::PgConnectOptions,
};
use uuid::Uuid;

pub use self::binary::{Binary, dies, free_addr};
use crate::{
    config::Env,
    db::{self, Db, DbConfig},
};

/// A database of one test. Dropped after a test that passed, kept (and named) after one that failed.
pub struct TestDb {
    /// Connected as its owner.
    pub pool: Db,
    /// For processes that connect by themselves.
    pub url: String,
    name: String,
}

/// Makes a database and migrates it, the chassis's tables included. Needs `TEST_DATABASE_URL` of a superuser.
pub async fn database(migrator: &Migrator) -> TestDb {
    let name = format!("test_{}", Uuid::now_v7().simple());
    on_server(&format!("CREATE DATABASE {name}")).await;
    let url = server().database(&name).to_url_lossy().to_string();
    let pool = db::connect(&url, &limits())
        .await
        .expect("a database that was just made can be connected to");
    db::migrate(&pool, migrator)
        .await
        .expect("migrations run on an empty database");
    TestDb { pool, url, name }
}

/// Wide: what a test waits for on a busy machine is not what it is about.
fn limits() -> DbConfig {
    DbConfig {
        connections_max: 5,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(60),
        idle_in_transaction_timeout: Duration::from_secs(60),
        ..DbConfig::new("test")
    }
}

impl Drop for TestDb {
    #[expect(
        clippy::print_stderr,
        reason = "the reader of a failed test wants to look into its database"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the test's database is kept for you: {}", self.name);
            return;
        }
        // In the background: a session that is just logging in holds up every DROP DATABASE, and it can only finish
        // (or close) once the test's runtime, which is dropping us, goes on. What the end of the process cuts off
        // goes with the cluster.
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .expect("a runtime can be built")
                .block_on(on_server(&statement));
        });
    }
}

async fn on_server(statement: &str) {
    let mut conn = server().connect().await.expect("TEST_DATABASE_URL answers");
    conn.execute(AssertSqlSafe(statement))
        .await
        .expect("the test role is a superuser");
}

fn server() -> PgConnectOptions {
    env("TEST_DATABASE_URL")
        .parse()
        .expect("TEST_DATABASE_URL is a postgres:// URL")
}

/// A variable that the parts of a test run provide.
pub fn env(name: &str) -> String {
    Env::from_process()
        .get(name)
        .map(str::to_owned)
        .unwrap_or_else(|| {
            panic!(
                "{name} is not set: this test needs real parts. Run it through them: \
             faultline with-parts -- cargo test -p {}",
                Env::from_process()
                    .get("CARGO_PKG_NAME")
                    .unwrap_or("<crate>")
            )
        })
}

/// A name that no other test and no earlier run uses, for topics and groups on the shared broker.
pub fn unique(prefix: &str) -> &'static str {
    // A few bytes for each test, so that names can be as static as they are in a service.
    format!("{prefix}.{}", Uuid::now_v7().simple()).leak()
}

/// Waits until a condition holds; panics at the limit, naming the line that waited.
#[track_caller]
pub fn wait_for(
    limit: Duration,
    mut condition: impl AsyncFnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let started = Instant::now();
        while !condition().await {
            assert!(started.elapsed() < limit, "not within {limit:?}: {caller}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
