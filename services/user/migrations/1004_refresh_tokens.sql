-- Refresh tokens by hash: who reads this table cannot use what is in it. Rotated ones stay until they would have
-- expired, because a rotated token that comes back is how a theft shows.
CREATE TABLE refresh_tokens (
    hash       bytea       PRIMARY KEY,
    session_id uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    CONSTRAINT refresh_tokens_sha256 CHECK (octet_length(hash) = 32)
);

-- A session has one token that works.
CREATE UNIQUE INDEX refresh_tokens_one_current ON refresh_tokens (session_id) WHERE rotated_at IS NULL;

-- For the cascade from sessions, and for the sweep.
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
