//! What the sweep takes away, and what it leaves.

use std::time::Duration;

use chassis::testing::wait_for;
use serde_json::json;

use crate::support::App;

const LIMIT: Duration = Duration::from_secs(20);
const OFTEN: (&str, &str) = ("SWEEP_INTERVAL_MS", "50");

#[tokio::test]
async fn what_is_past_its_time_is_taken_away_and_the_rest_stays() {
    let app = App::start_with(&[OFTEN]).await;
    let (gone, kept) = (app.customer().await, app.customer().await);
    for statement in [
        "UPDATE refresh_tokens SET expires_at = now() - interval '1 second'
         WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)",
        "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1",
        "UPDATE email_verifications SET expires_at = now() - interval '1 second' WHERE user_id = $1",
    ] {
        sqlx::query(statement)
            .bind(gone.id)
            .execute(app.pool())
            .await
            .unwrap();
    }
    wait_for(LIMIT, async || {
        let left: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM sessions WHERE user_id = $1)
                  + (SELECT count(*) FROM email_verifications WHERE user_id = $1)",
        )
        .bind(gone.id)
        .fetch_one(app.pool())
        .await
        .unwrap();
        left == 0
    })
    .await;
    app.refresh(&gone.refresh)
        .await
        .problem(401, "refresh_token_invalid");
    app.refresh(&kept.refresh).await.json(200);
}

#[tokio::test]
async fn published_events_lose_what_is_about_a_person() {
    let app = App::start_with(&[OFTEN]).await;
    let customer = app.customer().await;
    // What the relay does when there is a broker.
    sqlx::query("UPDATE outbox SET published_at = now() WHERE aggregate_id = $1")
        .bind(customer.id)
        .execute(app.pool())
        .await
        .unwrap();
    wait_for(LIMIT, async || {
        app.events(customer.id).await[0].1 == json!({ "user_id": customer.id })
    })
    .await;
}

#[tokio::test]
async fn events_that_nobody_has_yet_stay_whole() {
    let app = App::start_with(&[OFTEN]).await;
    let (waiting, published) = (app.customer().await, app.customer().await);
    sqlx::query("UPDATE outbox SET published_at = now() WHERE aggregate_id = $1")
        .bind(published.id)
        .execute(app.pool())
        .await
        .unwrap();
    wait_for(LIMIT, async || {
        app.events(published.id).await[0].1.get("email").is_none()
    })
    .await;
    assert_eq!(app.events(waiting.id).await[0].1["email"], waiting.email);
}
