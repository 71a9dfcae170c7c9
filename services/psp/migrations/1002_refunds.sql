-- Each refund, for reading it back. How much was refunded in all is kept, and limited, on the payment.
CREATE TABLE refunds (
    id         uuid        PRIMARY KEY,
    provider   text        NOT NULL,
    payment_id uuid        NOT NULL REFERENCES payments (id),
    charge_id  uuid        NOT NULL,
    amount     bigint      NOT NULL CONSTRAINT refunds_amount_positive CHECK (amount > 0),
    currency   text        NOT NULL,
    reason     text,
    metadata   jsonb       NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX refunds_newest ON refunds (provider, id DESC);
CREATE INDEX refunds_payment ON refunds (payment_id, id DESC);
