//! The way of an event to the broker; the rest of its way is the chassis's and its consumers' to test.

use std::time::Duration;

use chassis::testing::{self, wait_for};

use crate::support::App;

#[tokio::test]
async fn what_happens_to_users_reaches_the_broker() {
    let brokers = testing::env("TEST_KAFKA_BROKERS");
    let app = App::start_with(&[("KAFKA_BROKERS", &brokers)]).await;
    let customer = app.customer().await;
    wait_for(Duration::from_secs(30), async || {
        let published: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM outbox WHERE aggregate_id = $1 AND published_at IS NOT NULL",
        )
        .bind(customer.id)
        .fetch_one(app.pool())
        .await
        .unwrap();
        published == 2
    })
    .await;
}
