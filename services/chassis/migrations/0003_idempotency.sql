-- One row per Idempotency-Key, written in the transaction of the effect. An answer is there when the work is done.
CREATE TABLE idempotency (
    scope           text        NOT NULL,
    key             text        NOT NULL,
    request_hash    bytea       NOT NULL,
    -- What the request made; a later holder of the lease goes on with it instead of making another.
    resource_id     uuid,
    response_status integer,
    response_body   jsonb,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    locked_until    timestamptz NOT NULL,
    CONSTRAINT idempotency_once PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_answer_whole CHECK ((response_status IS NULL) = (response_body IS NULL))
);

CREATE INDEX idempotency_resource ON idempotency (resource_id) WHERE resource_id IS NOT NULL;
