-- Keys that sign access tokens. They live here so that all instances sign with the same one.
CREATE TABLE signing_keys (
    -- RFC 7638 thumbprint.
    kid             text        PRIMARY KEY,
    -- The whole key; its public half is derived from it. AES-256-GCM under KEY_ENCRYPTION_KEY, with the kid as
    -- associated data: nonce, ciphertext, tag.
    private_sealed  bytea       NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- NULL: the active key. Otherwise the end of the last token that it may have signed.
    published_until timestamptz
);

CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys ((true)) WHERE published_until IS NULL;
