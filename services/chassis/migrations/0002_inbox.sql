-- Which event a consumer has applied, written in the transaction of the effect: a second delivery finds the row.
CREATE TABLE inbox (
    consumer   text        NOT NULL,
    event_id   uuid        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT inbox_once PRIMARY KEY (consumer, event_id)
);
