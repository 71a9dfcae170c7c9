-- Whether the end of a session was announced in Redis, where the gateway looks. A row, because Redis may be away just then.
ALTER TABLE sessions ADD COLUMN announced boolean NOT NULL DEFAULT false;

-- What is still to be announced: nearly always nothing.
CREATE INDEX sessions_to_announce ON sessions (revoked_at) WHERE revoked_at IS NOT NULL AND NOT announced;
