//! What is pruned, what stays, and that an open database prunes by itself.

use std::time::Duration;

use axum::Router;
use chassis::{
    config::Env,
    db::{self, Db},
    retention::{Retention, prune},
    service,
    testing::wait_for,
};
use uuid::Uuid;

use crate::support::{LIMIT, database, migrator};

fn defaults() -> Retention {
    Retention::from_env(&Env::default()).unwrap()
}

async fn key(pool: &Db, key: &str, age_h: i32, status: Option<i32>, resource: Option<Uuid>) {
    sqlx::query(
        "INSERT INTO idempotency (scope, key, request_hash, resource_id, response_status,
                                  response_body, created_at, locked_until)
         VALUES ('test', $1, '', $2, $3, CASE WHEN $3 IS NULL THEN NULL ELSE 'null'::jsonb END,
                 now() - make_interval(hours => $4), now() - make_interval(hours => $4))",
    )
    .bind(key)
    .bind(resource)
    .bind(status)
    .bind(age_h)
    .execute(pool)
    .await
    .unwrap();
}

async fn applied(pool: &Db, rows: i32, age_h: i32) {
    sqlx::query(
        "INSERT INTO inbox (consumer, event_id, applied_at)
         SELECT 'test', gen_random_uuid(), now() - make_interval(hours => $2)
         FROM generate_series(1, $1)",
    )
    .bind(rows)
    .bind(age_h)
    .execute(pool)
    .await
    .unwrap();
}

async fn inbox_rows(pool: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM inbox")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn keys_are_kept_for_a_day_and_longer_while_their_work_is_not_done() {
    let db = database().await;
    let made = Some(Uuid::now_v7());
    key(&db.pool, "answered", 25, Some(201), made).await;
    key(&db.pool, "answered today", 23, Some(201), made).await;
    key(&db.pool, "came to nothing", 25, None, None).await;
    key(&db.pool, "under way", 25, None, made).await;
    assert_eq!(prune(&db.pool, &defaults()).await.unwrap(), 2);
    let left: Vec<String> = sqlx::query_scalar("SELECT key FROM idempotency ORDER BY key")
        .fetch_all(&db.pool)
        .await
        .unwrap();
    assert_eq!(left, ["answered today", "under way"]);
}

#[tokio::test]
async fn inbox_rows_are_kept_for_longer_than_kafka_keeps_the_events() {
    let db = database().await;
    applied(&db.pool, 3, 14 * 24).await;
    // More than a batch.
    applied(&db.pool, 2_500, 15 * 24 + 1).await;
    assert_eq!(prune(&db.pool, &defaults()).await.unwrap(), 2_500);
    assert_eq!(inbox_rows(&db.pool).await, 3);
}

#[tokio::test]
async fn a_row_that_somebody_works_with_does_not_hold_pruning_up() {
    let db = database().await;
    applied(&db.pool, 2, 16 * 24).await;
    let mut tx = db.pool.begin().await.unwrap();
    sqlx::query("SELECT event_id FROM inbox LIMIT 1 FOR UPDATE")
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(prune(&db.pool, &defaults()).await.unwrap(), 1);
    tx.rollback().await.unwrap();
    assert_eq!(prune(&db.pool, &defaults()).await.unwrap(), 1);
}

#[tokio::test]
async fn a_service_prunes_its_database_by_itself() {
    let db = database().await;
    applied(&db.pool, 1, 16 * 24).await;
    let env = Env::from_pairs([("DATABASE_URL", &*db.url), ("PRUNE_INTERVAL_MS", "20")]);
    let running = service::start("test", env, async |context| {
        db::open(&context, &migrator(), 2).await?;
        Ok(Router::new())
    })
    .await
    .unwrap();
    wait_for(LIMIT, async || inbox_rows(&db.pool).await == 0).await;
    applied(&db.pool, 1, 16 * 24).await;
    wait_for(LIMIT, async || inbox_rows(&db.pool).await == 0).await;
    assert!(running.stop().await);
}

#[test]
fn an_interval_without_rest_is_refused_by_name() {
    let env = Env::from_pairs([("PRUNE_INTERVAL_MS", "0")]);
    let error = Retention::from_env(&env).unwrap_err().to_string();
    assert!(error.starts_with("PRUNE_INTERVAL_MS"), "{error}");
    assert_eq!(defaults().interval, Duration::from_secs(60));
}
