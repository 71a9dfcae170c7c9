//! Migrations, constraint names, connecting, the event store.

use std::time::Duration;

use chassis::{
    db::{self, DbConfig},
    events::{
        NewEvent,
        outbox::{self, Filter, VERSION_CONFLICT},
    },
    testing,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, migrate::Migrator};
use uuid::Uuid;

use crate::support::{database, event, migration, migrator, write};

#[tokio::test]
async fn chassis_and_service_migrations_are_one_history_and_run_once() {
    let db = database().await;
    db::migrate(&db.pool, &migrator())
        .await
        .expect("a second run finds nothing to do");
    let versions: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&db.pool)
            .await
            .unwrap();
    assert_eq!(versions, [1, 2, 3, 4, 5, 1000]);
}

#[tokio::test]
async fn a_service_migration_cannot_take_a_number_of_the_chassis() {
    let db = database().await;
    let low = Migrator::with_migrations(vec![migration(999, "SELECT 1")]);
    let error = db::migrate(&db.pool, &low).await.unwrap_err();
    assert!(error.to_string().contains("999 is below 1000"), "{error}");
}

#[tokio::test]
async fn a_violated_constraint_is_known_by_its_name() {
    let db = database().await;
    let error = sqlx::query(
        "INSERT INTO effect (event_id, aggregate_id, sequence, amount)
         VALUES (gen_random_uuid(), gen_random_uuid(), 1, -1)",
    )
    .execute(&db.pool)
    .await
    .unwrap_err();
    assert_eq!(db::constraint(&error), Some("effect_amount_not_negative"));
    assert!(!db::is_transient(&error));
}

#[tokio::test]
async fn of_two_writers_of_one_version_the_second_is_refused() {
    let db = database().await;
    let (topic, aggregate) = (testing::unique("t"), Uuid::now_v7());
    write(&db.pool, &event(topic, aggregate, 1)).await;
    let mut conn = db.pool.acquire().await.unwrap();
    let error = outbox::append(&mut conn, &event(topic, aggregate, 1))
        .await
        .unwrap_err();
    assert_eq!(db::constraint(&error), Some(VERSION_CONFLICT));
}

#[tokio::test]
async fn an_aggregate_is_read_back_in_order_and_apart_from_others() {
    let db = database().await;
    let (topic, one, other) = (testing::unique("t"), Uuid::now_v7(), Uuid::now_v7());
    let mut conn = db.pool.acquire().await.unwrap();
    let events = [
        event(topic, one, 1),
        event(topic, other, 1),
        event(topic, one, 2),
    ];
    outbox::append_all(&mut conn, &events).await.unwrap();
    let stream = outbox::load_stream(&mut conn, one).await.unwrap();
    let versions: Vec<_> = stream.iter().map(|event| event.aggregate_version).collect();
    assert_eq!(versions, [1, 2]);
    assert_eq!(stream[0].data, events[0].data);
}

#[tokio::test]
async fn events_written_together_keep_their_order_and_all_their_members() {
    let db = database().await;
    let topic = testing::unique("t");
    let mut conn = db.pool.acquire().await.unwrap();
    let events: Vec<_> = (1..=50)
        .map(|version| NewEvent {
            data: json!({ "number": version, "text": "quotes \" and, commas {}" }),
            correlation_id: format!("req, {version}"),
            ..event(topic, Uuid::now_v7(), version)
        })
        .collect();
    let ids = outbox::append_all(&mut conn, &events).await.unwrap();
    let stored = outbox::stream_all(&mut conn, Filter::default(), 0, 100)
        .await
        .unwrap();
    assert_eq!(stored.len(), events.len());
    for ((stored, event), id) in stored.iter().zip(&events).zip(ids) {
        assert_eq!(stored.id, id);
        assert_eq!(stored.topic, event.topic);
        assert_eq!(stored.aggregate_id, event.aggregate_id);
        assert_eq!(stored.aggregate_version, event.aggregate_version);
        assert_eq!(stored.event_type, event.event_type);
        assert_eq!(stored.data_version, i32::from(event.data_version));
        assert_eq!(stored.data, event.data);
        assert_eq!(stored.correlation_id, event.correlation_id);
    }
    assert!(outbox::append_all(&mut conn, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_events_written_together_none_stays_if_one_cannot() {
    let db = database().await;
    let (topic, taken) = (testing::unique("t"), Uuid::now_v7());
    write(&db.pool, &event(topic, taken, 1)).await;
    let mut conn = db.pool.acquire().await.unwrap();
    let events = [event(topic, Uuid::now_v7(), 1), event(topic, taken, 1)];
    let error = outbox::append_all(&mut conn, &events).await.unwrap_err();
    assert_eq!(db::constraint(&error), Some(VERSION_CONFLICT));
    let stored = outbox::stream_all(&mut conn, Filter::default(), 0, 10).await;
    assert_eq!(stored.unwrap().len(), 1);
}

#[tokio::test]
async fn the_whole_history_comes_in_pages_and_can_be_filtered() {
    let db = database().await;
    let (topic, elsewhere) = (testing::unique("t"), testing::unique("t"));
    let mut conn = db.pool.acquire().await.unwrap();
    for version in 1..=5 {
        outbox::append(&mut conn, &event(topic, Uuid::now_v7(), version))
            .await
            .unwrap();
        outbox::append(&mut conn, &event(elsewhere, Uuid::now_v7(), version))
            .await
            .unwrap();
    }
    let filter = Filter {
        topic: Some(topic),
        event_types: Some(&["Counted"]),
    };
    let (mut after, mut versions) = (0, Vec::new());
    loop {
        let page = outbox::stream_all(&mut conn, filter, after, 2)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = last.seq;
        versions.extend(page.iter().map(|event| event.aggregate_version));
    }
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    let none = Filter {
        topic: Some(topic),
        event_types: Some(&["Other"]),
    };
    assert!(
        outbox::stream_all(&mut conn, none, 0, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_stopped() {
    let db = database().await;
    let mut config = DbConfig::new("impatient");
    config.statement_timeout = Duration::from_millis(50);
    let pool = db::connect(&db.url, &config).await.unwrap();
    let error = sqlx::query("SELECT pg_sleep(30)")
        .execute(&pool)
        .await
        .unwrap_err();
    let code = error
        .as_database_error()
        .and_then(|error| error.code().map(|code| code.into_owned()));
    assert_eq!(code.as_deref(), Some("57014"));
    let name: String = sqlx::query_scalar("SELECT current_setting('application_name')")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(name, "impatient");
}

#[tokio::test]
async fn connecting_gives_up_at_the_deadline() {
    let mut config = DbConfig::new("nobody");
    config.connect_deadline = Duration::from_millis(300);
    config.acquire_timeout = Duration::from_millis(100);
    let error = db::connect("postgres://nobody@127.0.0.1:1/none", &config)
        .await
        .unwrap_err();
    assert!(db::is_transient(&error), "{error:?}");
}

/// What a client is told of an error of the database.
fn told(error: sqlx::Error) -> (u16, bool) {
    let problem = chassis::Problem::from(error);
    (problem.status().as_u16(), problem.is_retryable())
}

#[tokio::test]
async fn a_database_that_is_away_full_or_closing_is_503_and_a_broken_statement_is_500() {
    let db = database().await;
    for (code, answer) in [
        ("08006", (503, true)),
        ("40001", (503, true)),
        ("40P01", (503, true)),
        ("53100", (503, true)),
        ("53200", (503, true)),
        ("53300", (503, true)),
        ("55000", (503, true)),
        ("57P01", (503, true)),
        ("57P02", (503, true)),
        ("57P03", (503, true)),
        ("42P01", (500, false)),
        ("57014", (500, false)),
        ("22012", (500, false)),
    ] {
        let raise = format!("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$");
        let raised = sqlx::query(AssertSqlSafe(raise)).execute(&db.pool).await;
        assert_eq!(told(raised.unwrap_err()), answer, "{code}");
    }
}

#[tokio::test]
async fn a_statement_whose_server_process_is_ended_is_503() {
    let db = database().await;
    let mut victim = db.pool.acquire().await.unwrap();
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut *victim)
        .await
        .unwrap();
    sqlx::query("SELECT pg_terminate_backend($1, 10000)")
        .bind(pid)
        .execute(&db.pool)
        .await
        .unwrap();
    let error = sqlx::query("SELECT 1").execute(&mut *victim).await;
    assert_eq!(told(error.unwrap_err()), (503, true));
}

#[tokio::test]
async fn a_database_that_is_closed_for_maintenance_is_503() {
    // PostgreSQL does not let anybody close the database that they are in.
    let (db, elsewhere) = (database().await, database().await);
    let name: String = sqlx::query_scalar("SELECT current_database()")
        .fetch_one(&db.pool)
        .await
        .unwrap();
    let close = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false");
    sqlx::query(AssertSqlSafe(close))
        .execute(&elsewhere.pool)
        .await
        .unwrap();
    let refused = sqlx::PgConnection::connect(&db.url).await;
    assert_eq!(told(refused.unwrap_err()), (503, true));
}
