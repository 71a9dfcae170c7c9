-- A session is a family of refresh tokens: one login and all that was refreshed from it.
CREATE TABLE sessions (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users (id),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- That of its newest refresh token; moves on with each rotation.
    expires_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    revoked_reason text,
    CONSTRAINT sessions_revoked_for_a_reason CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
    CONSTRAINT sessions_reason_known
        CHECK (revoked_reason IN ('logout', 'token_reused', 'user_deleted', 'role_removed', 'password_changed'))
);

CREATE INDEX sessions_live_by_user ON sessions (user_id) WHERE revoked_at IS NULL;

-- What the sweep reads.
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
