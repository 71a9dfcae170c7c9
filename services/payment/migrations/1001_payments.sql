-- One payment per order, and what it did with the money. The row is locked for every decision about the order, so that
-- processing, voiding, refunding and settling take turns.
CREATE TABLE payments (
    id               uuid        PRIMARY KEY,
    -- At most one payment, hence at most one capture, however many requests arrive. A void that arrives first takes the
    -- place, so that a late request finds it.
    order_id         uuid        NOT NULL CONSTRAINT payments_one_per_order UNIQUE,
    -- Unknown for the tombstone of an order that never asked for money; likewise amount 0, no currency, no provider.
    user_id          uuid,
    currency         text,
    provider         text        CONSTRAINT payments_provider CHECK (provider IN ('stripe', 'paypal')),
    status           text        NOT NULL,
    decline_code     text,
    -- Minor units.
    amount           bigint      NOT NULL,
    captured         bigint      NOT NULL DEFAULT 0,
    -- Refunds decided, whether done or still open; what remains of `captured` may still be refunded.
    refund_held      bigint      NOT NULL DEFAULT 0,
    -- Refunds done.
    refunded         bigint      NOT NULL DEFAULT 0,
    void_requested   boolean     NOT NULL DEFAULT false,
    -- The card token, sealed; kept only while a charge may have to be repeated.
    token_sealed     bytea,
    token_key_id     text,
    -- Number of the last event of this payment.
    version          bigint      NOT NULL DEFAULT 0,
    correlation_id   text        NOT NULL,
    -- When the reconciler looks at it next.
    next_check_at    timestamptz,
    checks           integer     NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT payments_status CHECK (
        status IN ('pending', 'captured', 'declined', 'voided', 'partially_refunded', 'refunded')),
    CONSTRAINT payments_money CHECK (
        0 <= refunded AND refunded <= refund_held AND refund_held <= captured AND captured IN (0, amount)),
    CONSTRAINT payments_amount CHECK (amount > 0 OR (amount = 0 AND status = 'voided')),
    CONSTRAINT payments_owned CHECK (
        amount = 0 OR (user_id IS NOT NULL AND currency IS NOT NULL AND provider IS NOT NULL)),
    CONSTRAINT payments_status_is_the_money CHECK (CASE status
        WHEN 'captured'           THEN captured > 0 AND refunded = 0
        WHEN 'partially_refunded' THEN refunded > 0 AND refunded < captured
        WHEN 'refunded'           THEN captured > 0 AND refunded = captured
        ELSE captured = 0 END),
    CONSTRAINT payments_decline_has_a_code CHECK ((status = 'declined') = (decline_code IS NOT NULL)),
    CONSTRAINT payments_token_only_while_pending CHECK (
        (status = 'pending') = (token_sealed IS NOT NULL) AND (token_sealed IS NULL) = (token_key_id IS NULL)),
    -- Whatever is unsettled is on the reconciler's list, and nothing else is.
    CONSTRAINT payments_unsettled_is_watched CHECK ((next_check_at IS NOT NULL) = (
        status = 'pending' OR refund_held > refunded OR (void_requested AND captured > refund_held)))
);

-- What the reconciler reads: unsettled payments alone, however many there have been.
CREATE INDEX payments_unsettled ON payments (next_check_at) WHERE next_check_at IS NOT NULL;

-- Rows that still hold a token, for re-encryption after a change of keys.
CREATE INDEX payments_token_key ON payments (token_key_id) WHERE token_key_id IS NOT NULL;
