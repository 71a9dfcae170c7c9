-- The answer to each keyed request (Idempotency-Key at Stripe, PayPal-Request-Id at PayPal), written in the transaction
-- of its effect. Rows are kept as long as the payments: a forgotten key would let a late repeat charge again.
CREATE TABLE answers (
    provider     text        NOT NULL,
    key          text        NOT NULL,
    request_hash bytea       NOT NULL,
    status       smallint    NOT NULL,
    -- The exact text, so that a replay is the same to the byte.
    body         text        NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT answers_once PRIMARY KEY (provider, key)
);
