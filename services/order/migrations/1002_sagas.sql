-- Where each order's saga stands. A row is worked on by whoever holds its lease.
CREATE TABLE sagas (
    order_id        uuid        PRIMARY KEY,
    state           text        NOT NULL
        CONSTRAINT sagas_state CHECK (state IN ('running', 'compensating', 'completed', 'compensated', 'stuck')),
    -- The step to do next; at the end, the one done last.
    step            text        NOT NULL
        CONSTRAINT sagas_step CHECK (step IN ('reserve', 'charge', 'commit', 'void', 'release')),
    -- How the customer pays; erased as soon as the charge is decided.
    payment_method  jsonb,
    payment_id      uuid,
    -- Why it compensates.
    reason          text,
    detail          text,
    attempts        integer     NOT NULL DEFAULT 0,
    last_error      text,
    next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Fencing: an outcome is only recorded by the holder named here.
    lease_owner     uuid        NOT NULL,
    lease_until     timestamptz NOT NULL,
    correlation_id  text        NOT NULL,
    traceparent     text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What the recovery worker looks for and counts, twice a second; small, because it holds unfinished sagas alone.
CREATE INDEX sagas_open ON sagas (state, next_attempt_at) WHERE state IN ('running', 'compensating', 'stuck');
