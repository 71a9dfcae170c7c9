-- The rest of the writer's W3C context: what other tracing systems added to it, and who and what the request is about.
ALTER TABLE outbox ADD COLUMN tracestate text, ADD COLUMN baggage text;
