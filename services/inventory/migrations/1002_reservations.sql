-- One row an order, never deleted: a released or expired one is what keeps a late reserve from taking stock again.
CREATE TABLE reservations (
    order_id   uuid        PRIMARY KEY,
    status     text        NOT NULL,
    -- When a held one may expire. A tombstone (released before it was ever held) has none.
    expires_at timestamptz,
    -- Counts the events of the reservation; zero for a tombstone, which nobody needs to hear of.
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT reservations_status_known CHECK (status IN ('held', 'committed', 'released', 'expired')),
    CONSTRAINT reservations_tombstone_released CHECK (expires_at IS NOT NULL OR status = 'released')
)
WITH (fillfactor = 90);

-- What the expiry sweep reads; it holds live reservations alone, however long the history grows.
CREATE INDEX reservations_due ON reservations (expires_at) WHERE status = 'held';
