-- Events are written in the transaction of the state they tell of, and relayed to the broker afterwards.
-- Rows stay: the table is also the event store, from which aggregates and read models are rebuilt.
CREATE TABLE outbox (
    seq               bigint      GENERATED ALWAYS AS IDENTITY,
    id                uuid        PRIMARY KEY,
    topic             text        NOT NULL,
    aggregate_id      uuid        NOT NULL,
    aggregate_version bigint      NOT NULL CONSTRAINT outbox_version_not_negative CHECK (aggregate_version >= 0),
    event_type        text        NOT NULL,
    data_version      integer     NOT NULL,
    data              jsonb       NOT NULL,
    correlation_id    text        NOT NULL,
    traceparent       text,
    occurred_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_at      timestamptz,
    -- Optimistic locking: of two writers that read the same version, one fails here.
    CONSTRAINT outbox_aggregate_version UNIQUE (aggregate_id, aggregate_version)
);

CREATE UNIQUE INDEX outbox_seq ON outbox (seq);

-- What the relay reads; it holds pending rows alone, however long the history grows.
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
