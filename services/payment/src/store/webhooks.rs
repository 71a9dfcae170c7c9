//! The inbox of provider events.

use sqlx::PgConnection;

use crate::domain::Provider;

/// Notes an event. False when it was seen before.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    provider: Provider,
    event_id: &str,
    event_type: &str,
) -> sqlx::Result<bool> {
    let done = sqlx::query(
        "INSERT INTO webhook_events (provider, event_id, event_type) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT webhook_events_once DO NOTHING",
    )
    .bind(provider)
    .bind(event_id)
    .bind(event_type)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
