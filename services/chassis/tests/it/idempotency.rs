//! The table of what an idempotency key can meet.

use std::time::Duration;

use chassis::{
    db::Db,
    idempotency::{self, Begin, Claim, Repeated, RequestHash, Stored, begin, complete},
};
use serde_json::json;
use uuid::Uuid;

use crate::support::database;

const LEASE: Duration = Duration::from_secs(30);
const NO_LEASE: Duration = Duration::ZERO;

fn request(body: &str) -> RequestHash {
    idempotency::hash("POST", "/api/v1/orders", body.as_bytes())
}

/// A claim of the key `k` that makes nothing.
fn claim(hash: &RequestHash, lease: Duration) -> Claim<'_> {
    Claim {
        scope: "test",
        key: "k",
        hash,
        lease,
        makes: None,
    }
}

async fn begin_committed(pool: &Db, claim: Claim<'_>) -> Begin {
    let mut tx = pool.begin().await.unwrap();
    let begun = begin(&mut tx, &claim).await.unwrap();
    tx.commit().await.unwrap();
    begun
}

#[tokio::test]
async fn the_first_request_is_new_and_the_second_waits() {
    let db = database().await;
    let hash = request("{}");
    assert_eq!(
        begin_committed(&db.pool, claim(&hash, LEASE)).await,
        Begin::New
    );
    let second = begin_committed(&db.pool, claim(&hash, LEASE)).await;
    let Begin::Repeated(Repeated::InProgress { retry_after }) = second else {
        panic!("{second:?}")
    };
    assert!(
        retry_after >= Duration::from_secs(1) && retry_after <= LEASE,
        "{retry_after:?}"
    );
}

#[tokio::test]
async fn an_answer_is_replayed_and_the_first_one_stands() {
    let db = database().await;
    let (hash, order) = (request(r#"{"a": 1}"#), Uuid::now_v7());
    let mut tx = db.pool.begin().await.unwrap();
    let makes = Some(order);
    let making = Claim {
        makes,
        ..claim(&hash, LEASE)
    };
    begin(&mut tx, &making).await.unwrap();
    complete(&mut tx, "test", "k", 201, &json!({"id": order}))
        .await
        .unwrap();
    complete(&mut tx, "test", "k", 500, &json!("late"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let stored = Stored {
        status: 201,
        body: json!({"id": order}),
        resource_id: Some(order),
    };
    let again = begin_committed(&db.pool, claim(&request(r#"{"a":1}"#), LEASE)).await;
    assert_eq!(again, Begin::Repeated(Repeated::Answered(stored)));
}

#[tokio::test]
async fn another_request_under_the_same_key_is_a_mismatch_before_and_after_the_answer() {
    let db = database().await;
    let (hash, other) = (request(r#"{"a": 1}"#), request(r#"{"a": 2}"#));
    begin_committed(&db.pool, claim(&hash, NO_LEASE)).await;
    assert_eq!(
        begin_committed(&db.pool, claim(&other, LEASE)).await,
        Begin::Repeated(Repeated::OtherRequest)
    );
    let mut conn = db.pool.acquire().await.unwrap();
    complete(&mut conn, "test", "k", 200, &json!(null))
        .await
        .unwrap();
    assert_eq!(
        begin_committed(&db.pool, claim(&other, LEASE)).await,
        Begin::Repeated(Repeated::OtherRequest)
    );
}

#[tokio::test]
async fn keys_of_different_scopes_do_not_meet() {
    let db = database().await;
    let mut conn = db.pool.acquire().await.unwrap();
    for scope in ["order.create:ann", "order.create:bob"] {
        let begun = begin(
            &mut conn,
            &Claim {
                scope,
                ..claim(&request("{}"), LEASE)
            },
        )
        .await
        .unwrap();
        assert_eq!(begun, Begin::New, "{scope}");
    }
}

#[tokio::test]
async fn an_expired_lease_without_an_effect_is_new_again() {
    let db = database().await;
    let hash = request("{}");
    begin_committed(&db.pool, claim(&hash, NO_LEASE)).await;
    assert_eq!(
        begin_committed(&db.pool, claim(&hash, LEASE)).await,
        Begin::New
    );
    let third = begin_committed(&db.pool, claim(&hash, LEASE)).await;
    assert!(
        matches!(third, Begin::Repeated(Repeated::InProgress { .. })),
        "the taker holds a lease: {third:?}"
    );
}

#[tokio::test]
async fn an_expired_lease_with_an_effect_goes_on_with_it() {
    let db = database().await;
    let (hash, order) = (request("{}"), Uuid::now_v7());
    let making = |makes, lease| Claim {
        makes: Some(makes),
        ..claim(&hash, lease)
    };
    begin_committed(&db.pool, making(order, NO_LEASE)).await;
    for _ in 0..2 {
        let another = Uuid::now_v7();
        assert_eq!(
            begin_committed(&db.pool, making(another, NO_LEASE)).await,
            Begin::Resume(order)
        );
    }
}

#[tokio::test]
async fn a_worker_that_knows_only_the_resource_stores_the_answer() {
    let db = database().await;
    let (hash, order) = (request("{}"), Uuid::now_v7());
    let making = Claim {
        makes: Some(order),
        ..claim(&hash, LEASE)
    };
    begin_committed(&db.pool, making).await;
    let mut conn = db.pool.acquire().await.unwrap();
    idempotency::complete_for_resource(&mut conn, order, 201, &json!("paid"))
        .await
        .unwrap();
    let again = begin_committed(&db.pool, claim(&hash, LEASE)).await;
    assert!(
        matches!(
            again,
            Begin::Repeated(Repeated::Answered(Stored { status: 201, .. }))
        ),
        "{again:?}"
    );
}

#[tokio::test]
async fn an_effect_that_is_rolled_back_frees_its_key() {
    let db = database().await;
    let hash = request("{}");
    let mut tx = db.pool.begin().await.unwrap();
    begin(&mut tx, &claim(&hash, LEASE)).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(
        begin_committed(&db.pool, claim(&hash, LEASE)).await,
        Begin::New
    );
}

#[tokio::test]
async fn of_two_requests_at_once_the_second_sees_what_the_first_committed() {
    let db = database().await;
    let hash = request("{}");
    let mut first = db.pool.begin().await.unwrap();
    assert_eq!(
        begin(&mut first, &claim(&hash, LEASE)).await.unwrap(),
        Begin::New
    );
    let commit_first = async {
        chassis::testing::wait_for(Duration::from_secs(10), async || {
            sqlx::query_scalar::<_, bool>(
                "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock')",
            )
            .fetch_one(&db.pool)
            .await
            .unwrap()
        })
        .await;
        first.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(begin_committed(&db.pool, claim(&hash, LEASE)), commit_first);
    assert!(
        matches!(second, Begin::Repeated(Repeated::InProgress { .. })),
        "{second:?}"
    );
}
