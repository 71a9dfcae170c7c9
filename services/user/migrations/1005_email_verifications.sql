-- The pending proof that an e-mail address belongs to its user; by hash, as every token. A newer one replaces it.
CREATE TABLE email_verifications (
    user_id    uuid        PRIMARY KEY REFERENCES users (id),
    hash       bytea       NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT email_verifications_hash UNIQUE (hash),
    CONSTRAINT email_verifications_sha256 CHECK (octet_length(hash) = 32)
);
