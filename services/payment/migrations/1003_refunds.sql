-- Money on its way back. Written before the provider is called; the amount is held on the payment at the same moment,
-- so that the sum of all refunds can never exceed what was captured.
CREATE TABLE refunds (
    id                 uuid        PRIMARY KEY,
    payment_id         uuid        NOT NULL REFERENCES payments (id),
    amount             bigint      NOT NULL CONSTRAINT refunds_amount CHECK (amount > 0),
    reason             text        NOT NULL,
    -- Asked for by somebody, or the undoing of a whole payment.
    kind               text        NOT NULL CONSTRAINT refunds_kind CHECK (kind IN ('requested', 'void')),
    status             text        NOT NULL CONSTRAINT refunds_status CHECK (status IN ('pending', 'succeeded', 'failed')),
    provider_refund_id text,
    failure_code       text,
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),

    CONSTRAINT refunds_success_is_named CHECK (status <> 'succeeded' OR provider_refund_id IS NOT NULL),
    CONSTRAINT refunds_failure_has_a_code CHECK ((status = 'failed') = (failure_code IS NOT NULL))
);

CREATE INDEX refunds_of_payment ON refunds (payment_id, created_at);
CREATE INDEX refunds_pending ON refunds (payment_id) WHERE status = 'pending';
