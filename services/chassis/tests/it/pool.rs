//! The pool: what it hands out is whole, whatever became of the one who had it before; and its figures are right.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use chassis::{
    db::{self, Conn, Db, DbConfig},
    metrics::Metrics,
    testing::{TestDb, scrape::Scrape, wait_for},
};
use futures_util::FutureExt as _;
use tokio::time::timeout;

use crate::support::{LIMIT, database};

/// Limits that no passing test reaches.
fn limits(connections_max: u32) -> DbConfig {
    DbConfig {
        connections_max,
        acquire_timeout: LIMIT,
        statement_timeout: LIMIT,
        idle_in_transaction_timeout: LIMIT * 2,
        ..DbConfig::new("pooled")
    }
}

async fn pool(db: &TestDb, connections_max: u32) -> Db {
    db::connect(&db.url, &limits(connections_max))
        .await
        .unwrap()
}

async fn pid(conn: &mut Conn) -> i32 {
    sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut **conn)
        .await
        .unwrap()
}

/// A row that transactions of this test lock.
async fn row(pool: &Db) {
    sqlx::query("CREATE TABLE counted (id int PRIMARY KEY, n bigint NOT NULL)")
        .execute(pool)
        .await
        .unwrap();
    sqlx::query("INSERT INTO counted VALUES (1, 0)")
        .execute(pool)
        .await
        .unwrap();
}

const LOCK: &str = "UPDATE counted SET n = n + 1 WHERE id = 1";

/// Takes the row's lock, on a connection of its own, and sees that nobody's change was kept.
async fn assert_free_and_unchanged(pool: &Db) {
    let mut tx = pool.begin().await.unwrap();
    let n: i64 = sqlx::query_scalar("SELECT n FROM counted WHERE id = 1 FOR UPDATE")
        .fetch_one(&mut *tx)
        .await
        .unwrap();
    assert_eq!(n, 0);
    tx.rollback().await.unwrap();
}

/// Polls a future at most so many times, then lets a moment pass in which answers may come, and drops it.
async fn cut<F: Future>(polls: usize, pause: Duration, future: F) {
    let mut future = Box::pin(future);
    let mut polled = 0;
    let finished = std::future::poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(false);
        }
        polled += 1;
        future.as_mut().poll(context).map(|_| true)
    });
    // A future that waits for something slow is cut all the same.
    let _ = timeout(pause, finished).await;
    std::thread::sleep(pause);
}

/// One of the things that a service does with its database; `n` makes the statement one that is not prepared yet.
async fn work(db: &Db, kind: usize, n: usize) -> sqlx::Result<()> {
    let fresh = sqlx::AssertSqlSafe(format!("SELECT {n}, $1::bigint"));
    match kind {
        0 => drop(sqlx::query("SELECT 1").fetch_one(db).await?),
        1 => drop(sqlx::query(fresh).bind(1_i64).fetch_one(db).await?),
        2 => drop(sqlx::query("SELECT 1 / 0").fetch_one(db).await?),
        3 => drop(sqlx::query("SELECT pg_sleep(0.002)").fetch_one(db).await?),
        4 => {
            let many = "SELECT repeat('x', 1000) FROM generate_series(1, 500)";
            drop(sqlx::query(many).fetch_all(db).await?);
        }
        5 => {
            let mut tx = db.begin().await?;
            sqlx::query(LOCK).execute(&mut *tx).await?;
            sqlx::query(fresh).bind(1_i64).execute(&mut *tx).await?;
        }
        6 => {
            let mut tx = db.begin().await?;
            sqlx::query(LOCK).execute(&mut *tx).await?;
            sqlx::query("SELECT 1 / 0").execute(&mut *tx).await?;
        }
        _ => {
            let mut tx = db.begin().await?;
            sqlx::query(LOCK).execute(&mut *tx).await?;
            tx.rollback().await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_connection_is_given_back_and_taken_again_without_waiting_for_anything() {
    let db = database().await;
    let pool = pool(&db, 1).await;
    for _ in 0..3 {
        let mut conn = pool.acquire().now_or_never().expect("free").unwrap();
        pid(&mut conn).await;
    }
    let refused = sqlx::query("SELECT 1 / 0").execute(&pool).await;
    assert!(refused.is_err());
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("SELECT 1").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
    assert!(pool.acquire().now_or_never().is_some());
}

#[tokio::test]
async fn what_was_cut_short_anywhere_reaches_nobody_else() {
    let db = database().await;
    row(&db.pool).await;
    let pool = pool(&db, 1).await;
    for round in 0..480 {
        let (kind, polls) = (round % 8, round / 8 % 6);
        let pause = Duration::from_micros(rand::random_range(0..3_000));
        cut(polls, pause, work(&pool, kind, round)).await;

        let case = format!("round {round}: kind {kind} cut after {polls} polls and {pause:?}");
        let asked = i64::try_from(round).unwrap();
        let (answer, unchanged): (i64, bool) =
            sqlx::query_as("SELECT $1 + 1, (SELECT n = 0 FROM counted)")
                .bind(asked)
                .fetch_one(&pool)
                .await
                .expect(&case);
        assert_eq!(answer, asked + 1, "{case}");
        assert!(unchanged, "{case}");
        let state: String = sqlx::query_scalar(
            "SELECT state FROM pg_stat_activity
             WHERE application_name = 'pooled' AND datname = current_database() AND state <> 'active'
             ORDER BY backend_start DESC LIMIT 1",
        )
        .fetch_one(&db.pool)
        .await
        .expect(&case);
        assert_eq!(state, "idle", "{case}");
    }
    assert_free_and_unchanged(&db.pool).await;
}

#[tokio::test]
async fn an_abandoned_transaction_holds_no_lock() {
    let db = database().await;
    row(&db.pool).await;
    let pool = pool(&db, 1).await;

    let mut tx = pool.begin().await.unwrap();
    sqlx::query(LOCK).execute(&mut *tx).await.unwrap();
    drop(tx);
    assert_free_and_unchanged(&db.pool).await;

    let failed = async {
        let mut tx = pool.begin().await?;
        sqlx::query(LOCK).execute(&mut *tx).await?;
        sqlx::query("SELECT 1 / 0").execute(&mut *tx).await?;
        tx.commit().await
    };
    assert!(failed.await.is_err());
    assert_free_and_unchanged(&db.pool).await;

    let panicked = async {
        let mut tx = pool.begin().await.unwrap();
        sqlx::query(LOCK).execute(&mut *tx).await.unwrap();
        panic!("on purpose");
    };
    assert!(AssertUnwindSafe(panicked).catch_unwind().await.is_err());
    assert_free_and_unchanged(&db.pool).await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_where_no_runtime_is_holds_no_lock() {
    let db = database().await;
    row(&db.pool).await;
    let pool = pool(&db, 1).await;
    let mut tx = pool.begin().await.unwrap();
    sqlx::query(LOCK).execute(&mut *tx).await.unwrap();
    std::thread::spawn(move || drop(tx)).join().unwrap();
    assert_free_and_unchanged(&db.pool).await;
    assert_free_and_unchanged(&pool).await;
}

#[tokio::test]
async fn a_connection_whose_server_process_ended_is_thrown_away() {
    let db = database().await;
    let pool = pool(&db, 1).await;
    let mut conn = pool.acquire().await.unwrap();
    let lost = pid(&mut conn).await;
    sqlx::query("SELECT pg_terminate_backend($1, 10000)")
        .bind(lost)
        .execute(&db.pool)
        .await
        .unwrap();
    let failed = sqlx::query("SELECT 1").execute(&mut *conn).await;
    assert!(db::is_transient(&failed.unwrap_err()));
    drop(conn);
    let mut conn = pool.acquire().await.unwrap();
    assert_ne!(pid(&mut conn).await, lost);
}

#[tokio::test]
async fn who_waits_longer_than_the_acquire_timeout_is_told_and_counted() {
    let db = database().await;
    let config = DbConfig {
        acquire_timeout: Duration::from_millis(500),
        ..limits(1)
    };
    let pool = db::connect(&db.url, &config).await.unwrap();
    let metrics = Metrics::new("test");
    metrics.watch_pool(&pool);
    let timeouts =
        || Scrape::parse(&metrics.render()).value("db_client_connection_timeouts_total", &[]);
    let _held = pool.acquire().await.unwrap();
    assert_eq!(timeouts(), 0.0);
    let error = pool.acquire().await.unwrap_err();
    assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error:?}");
    assert_eq!(timeouts(), 1.0);
}

#[tokio::test]
async fn the_figures_say_who_has_a_connection_and_who_waits() {
    let db = database().await;
    let pool = pool(&db, 2).await;
    let metrics = Metrics::new("test");
    metrics.watch_pool(&pool);
    let read = |name: &str, labels: &[(&str, &str)]| {
        Scrape::parse(&metrics.render()).value(&format!("db_client_connection_{name}"), labels)
    };
    let figures = || {
        [
            read("count", &[("state", "idle")]),
            read("count", &[("state", "used")]),
            read("max", &[]),
            read("pending_requests", &[]),
            read("wait_time_seconds_count", &[]),
        ]
    };
    assert_eq!(figures(), [1.0, 0.0, 2.0, 0.0, 0.0]);
    let (one, two) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert_eq!(figures(), [0.0, 2.0, 2.0, 0.0, 2.0]);
    {
        let mut waiting = pin!(pool.acquire());
        let polled = waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        assert_eq!(figures(), [0.0, 2.0, 2.0, 1.0, 2.0]);
    }
    assert_eq!(
        figures(),
        [0.0, 2.0, 2.0, 0.0, 3.0],
        "a wait that was given up is a wait"
    );
    drop((one, two));
    assert_eq!(figures(), [2.0, 0.0, 2.0, 0.0, 3.0]);
}

#[tokio::test]
async fn connections_of_a_burst_are_closed_but_for_one() {
    let db = database().await;
    let pool = pool(&db, 3).await;
    let burst = [
        pool.acquire().await.unwrap(),
        pool.acquire().await.unwrap(),
        pool.acquire().await.unwrap(),
    ];
    drop(burst);
    pool.close_idle(LIMIT);
    let open = async || -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pooled' AND datname = current_database()")
            .fetch_one(&db.pool)
            .await
            .unwrap()
    };
    assert_eq!(open().await, 3, "none was idle for so long");
    pool.close_idle(Duration::ZERO);
    wait_for(LIMIT, async || open().await == 1).await;
}
