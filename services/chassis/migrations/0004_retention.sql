-- What pruning reads: the oldest rows first, and of the keys only those that nobody needs any more.
CREATE INDEX inbox_by_age ON inbox (applied_at);
CREATE INDEX idempotency_by_age ON idempotency (created_at)
    WHERE response_status IS NOT NULL OR resource_id IS NULL;
