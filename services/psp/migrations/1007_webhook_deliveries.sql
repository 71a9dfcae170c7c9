-- Events for the merchant, written in the transaction of the state they tell of and delivered afterwards.
-- Rows stay: they are also the list of events that the API offers.
CREATE TABLE webhook_deliveries (
    id              uuid        PRIMARY KEY,
    provider        text        NOT NULL,
    event_type      text        NOT NULL,
    payment_id      uuid        NOT NULL REFERENCES payments (id),
    payload         text        NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    last_error      text,
    delivered_at    timestamptz,
    -- Set when the attempts are used up.
    abandoned_at    timestamptz,
    created_at      timestamptz NOT NULL
);

CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (provider, id DESC);

-- What the worker reads; it holds open deliveries alone, however long the history grows.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at)
    WHERE delivered_at IS NULL AND abandoned_at IS NULL;
