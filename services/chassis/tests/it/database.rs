//! Migrations, constraint names, connecting, the event store.

use std::time::Duration;

use chassis::{
    db::{self, DbConfig},
    events::outbox::{self, Filter, VERSION_CONFLICT},
    testing,
};
use sqlx::migrate::Migrator;
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
    assert_eq!(versions, [1, 2, 3, 10, 1000]);
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
