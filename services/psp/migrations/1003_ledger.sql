-- The books: two entries for each movement of money. What an auditor believes, whatever the other tables say.
CREATE TABLE ledger_entries (
    seq         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The charge or the refund.
    movement_id uuid        NOT NULL,
    kind        text        NOT NULL CONSTRAINT ledger_kind CHECK (kind IN ('capture', 'refund')),
    account     text        NOT NULL CONSTRAINT ledger_account CHECK (account IN ('customer', 'merchant')),
    direction   text        NOT NULL CONSTRAINT ledger_direction CHECK (direction IN ('debit', 'credit')),
    amount      bigint      NOT NULL CONSTRAINT ledger_amount_positive CHECK (amount > 0),
    currency    text        NOT NULL,
    payment_id  uuid        NOT NULL REFERENCES payments (id),
    order_id    text,
    created_at  timestamptz NOT NULL,
    CONSTRAINT ledger_account_once UNIQUE (movement_id, account)
);

-- A payment is captured at most once, also by the books alone.
CREATE UNIQUE INDEX ledger_capture_once ON ledger_entries (payment_id) WHERE kind = 'capture' AND account = 'merchant';
CREATE INDEX ledger_order ON ledger_entries (order_id, seq) WHERE order_id IS NOT NULL;
