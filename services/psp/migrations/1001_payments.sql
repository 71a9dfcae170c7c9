-- A payment is a Stripe PaymentIntent or a PayPal order: two faces of one thing, so that one ledger sees both.
-- Ids are UUIDv7, therefore "newest first" is the order of the primary key.
CREATE TABLE payments (
    id                  uuid        PRIMARY KEY,
    provider            text        NOT NULL CONSTRAINT payments_provider CHECK (provider IN ('stripe', 'paypal')),
    status              text        NOT NULL CONSTRAINT payments_status CHECK (status IN (
        'requires_payment_method', 'requires_confirmation', 'requires_capture', 'succeeded', 'canceled')),
    -- Minor units, for example cents.
    amount              bigint      NOT NULL CONSTRAINT payments_amount_positive CHECK (amount > 0),
    currency            text        NOT NULL CONSTRAINT payments_currency CHECK (currency ~ '^[A-Z]{3}$'),
    capture_method      text        NOT NULL CONSTRAINT payments_capture_method CHECK (capture_method IN ('automatic', 'manual')),
    -- A test token, never a card number.
    token               text,
    -- Why the last attempt was declined.
    decline             text,
    -- The movement of money; a payment has at most one.
    charge_id           uuid        CONSTRAINT payments_charge_once UNIQUE,
    captured            bigint      NOT NULL,
    refunded            bigint      NOT NULL,
    -- The merchant's own reference: metadata[order_id] at Stripe, custom_id at PayPal.
    order_id            text,
    description         text,
    metadata            jsonb       NOT NULL,
    cancellation_reason text,
    canceled_at         timestamptz,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    CONSTRAINT payments_captured_in_range CHECK (captured BETWEEN 0 AND amount),
    CONSTRAINT payments_refunds_within_captured CHECK (refunded BETWEEN 0 AND captured),
    CONSTRAINT payments_charge_when_captured CHECK ((charge_id IS NOT NULL) = (captured > 0)),
    CONSTRAINT payments_succeeded_when_captured CHECK ((status = 'succeeded') = (captured > 0)),
    CONSTRAINT payments_canceled_at_when_canceled CHECK ((status = 'canceled') = (canceled_at IS NOT NULL))
);

CREATE INDEX payments_newest ON payments (provider, id DESC);
CREATE INDEX payments_order ON payments (order_id, id DESC) WHERE order_id IS NOT NULL;
