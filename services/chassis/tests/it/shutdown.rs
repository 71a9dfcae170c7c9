//! The end of a service: what its last requests wrote is published before it exits.

use std::sync::Arc;

use axum::{Router, extract::State, http::StatusCode, routing::post};
use chassis::{
    Problem,
    config::Env,
    db::{self, Db},
    events::{Outbox, outbox},
    service::{self, Tasks},
    testing::{unique, wait_for},
};
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

use crate::support::{LIMIT, brokers, database, event, migrator, pending};

#[derive(Clone)]
struct Writer {
    pool: Db,
    tasks: Tasks,
    topic: &'static str,
    under_way: Arc<Notify>,
}

/// A request that is still being worked on when the service is told to stop, and writes its event after that.
async fn write_late(State(writer): State<Writer>) -> Result<StatusCode, Problem> {
    writer.under_way.notify_one();
    writer.tasks.stopping().cancelled().await;
    // A relay that stopped with the others would have looked for the last time within these round trips.
    for _ in 0..100 {
        sqlx::query("SELECT 1").execute(&writer.pool).await?;
    }
    let mut conn = writer.pool.acquire().await?;
    outbox::append(&mut conn, &event(writer.topic, Uuid::now_v7(), 1)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_the_last_request_is_published_before_the_exit() {
    let db = database().await;
    let (topic, brokers) = (unique("t"), brokers());
    chassis::events::ensure_topics(&brokers, &[topic])
        .await
        .unwrap();
    let env = Env::from_pairs([
        ("DATABASE_URL", &*db.url),
        // A busy machine must not make this a test of the deadline.
        ("SHUTDOWN_DEADLINE_MS", "60000"),
    ]);
    let under_way = Arc::new(Notify::new());
    let begun = under_way.clone();
    let running = service::start("test", env, async |context| {
        let pool = db::open(&context, &migrator(), 4).await?;
        Outbox::relayed(&context, &pool, &brokers, &[topic]);
        let tasks = context.tasks.clone();
        let writer = Writer {
            pool,
            tasks,
            topic,
            under_way,
        };
        Ok(Router::new()
            .route("/", post(write_late))
            .with_state(writer))
    })
    .await
    .unwrap();
    // The relay is at work: it leads, and has published something.
    crate::support::write(&db.pool, &event(topic, Uuid::now_v7(), 1)).await;
    wait_for(LIMIT, async || pending(&db.pool).await == 0).await;

    #[expect(clippy::disallowed_methods, reason = "a client from outside")]
    let request = tokio::spawn(reqwest::Client::new().post(running.url()).send());
    timeout(LIMIT, begun.notified()).await.unwrap();
    assert!(running.stop().await);
    assert_eq!(request.await.unwrap().unwrap().status(), 204);
    assert_eq!(pending(&db.pool).await, 0);
}
