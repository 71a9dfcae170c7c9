-- One row a product: where its units are. The constraints are the last line of defence against overselling; the
-- statements that move units check before, so that a violation here is a bug, not a sold-out product.
CREATE TABLE stock (
    product_id uuid   PRIMARY KEY,
    received   bigint NOT NULL DEFAULT 0,
    available  bigint NOT NULL DEFAULT 0,
    reserved   bigint NOT NULL DEFAULT 0,
    sold       bigint NOT NULL DEFAULT 0,
    -- Counts every change of the row.
    version    bigint NOT NULL DEFAULT 0,
    -- Counts what came in: the version of InventoryUpdated, and zero for a product that was never stocked.
    restocks   bigint NOT NULL DEFAULT 0,
    CONSTRAINT stock_never_negative CHECK (available >= 0 AND reserved >= 0 AND sold >= 0),
    CONSTRAINT stock_adds_up CHECK (received = available + reserved + sold)
)
-- Rows are updated all the time and no index covers what changes: room on the page keeps the updates heap-only.
WITH (fillfactor = 70);
