-- A payment at one provider. Its calls are counted before they are made, so that "nothing happened there" is a sum and
-- not a guess: only when every call that was begun is known not to have been processed may another provider be tried.
CREATE TABLE payment_attempts (
    id                  uuid        PRIMARY KEY,
    payment_id          uuid        NOT NULL REFERENCES payments (id),
    provider            text        NOT NULL CONSTRAINT payment_attempts_provider CHECK (provider IN ('stripe', 'paypal')),
    -- Sent with every call of this attempt; the provider answers a repeat with what it did the first time.
    idempotency_key     text        NOT NULL CONSTRAINT payment_attempts_key_once UNIQUE,
    state               text        NOT NULL CONSTRAINT payment_attempts_state
                                    CHECK (state IN ('open', 'captured', 'declined', 'not_processed')),
    calls_begun         integer     NOT NULL,
    calls_not_processed integer     NOT NULL DEFAULT 0,
    -- The provider's id of the payment, and of the capture where that is a thing of its own.
    provider_payment_id text,
    provider_capture_id text,
    decline_code        text,
    -- Why the last call brought no answer, or why this provider was left.
    note                text,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT payment_attempts_one_per_provider UNIQUE (payment_id, provider),
    CONSTRAINT payment_attempts_calls CHECK (0 <= calls_not_processed AND calls_not_processed <= calls_begun),
    CONSTRAINT payment_attempts_left_only_when_sure CHECK (state <> 'not_processed' OR calls_not_processed = calls_begun),
    CONSTRAINT payment_attempts_capture_is_named CHECK (state <> 'captured' OR provider_payment_id IS NOT NULL)
);

-- At most one provider of a payment holds, or may hold, the money.
CREATE UNIQUE INDEX payment_attempts_one_may_hold_money ON payment_attempts (payment_id)
    WHERE state IN ('open', 'captured');
