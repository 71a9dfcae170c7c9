-- The inbox of provider events: they are delivered at least once, and an event that was seen is not applied again.
CREATE TABLE webhook_events (
    provider    text        NOT NULL,
    event_id    text        NOT NULL,
    event_type  text        NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT webhook_events_once PRIMARY KEY (provider, event_id)
);
