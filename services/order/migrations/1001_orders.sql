-- The read model of an order. The truth is its stream in the outbox; this can be dropped and rebuilt from there.
CREATE TABLE orders (
    id          uuid        PRIMARY KEY,
    user_id     uuid        NOT NULL,
    status      text        NOT NULL
        CONSTRAINT orders_status CHECK (status IN ('pending', 'paid', 'shipped', 'delivered', 'cancelled')),
    -- A cancellation was asked for and is being carried out: nothing else may happen to the order.
    cancelling  boolean     NOT NULL DEFAULT false,
    reason      text,
    detail      text,
    items       jsonb       NOT NULL,
    total       bigint      NOT NULL CONSTRAINT orders_total_positive CHECK (total > 0),
    currency    text        NOT NULL,
    refunded    bigint      NOT NULL DEFAULT 0
        CONSTRAINT orders_refunded_within_total CHECK (refunded BETWEEN 0 AND total),
    payment_id  uuid,
    version     bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT orders_paid_by_a_payment CHECK (status NOT IN ('paid', 'shipped', 'delivered') OR payment_id IS NOT NULL),
    CONSTRAINT orders_cancelled_for_a_reason CHECK (status <> 'cancelled' OR reason IS NOT NULL)
);

-- Lists of one customer, newest first. Ids are time-sortable, so they are the order of creation.
CREATE INDEX orders_of_user ON orders (user_id, id DESC);
