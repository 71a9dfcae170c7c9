-- Who did what, append-only and chained: each row holds the SHA-256 of the previous row's hash and its own content.
-- There are sixteen chains, chosen by the payment: one chain would make every commit of the service wait for the one
-- before it. The head of a chain is kept apart, so that rows cut off its end are missed too.
CREATE TABLE audit_heads (
    chain smallint PRIMARY KEY CONSTRAINT audit_heads_chain CHECK (chain BETWEEN 0 AND 15),
    seq   bigint   NOT NULL,
    hash  bytea    NOT NULL
);

INSERT INTO audit_heads SELECT chain, 0, sha256('faultline/payment audit'::bytea) FROM generate_series(0, 15) AS chain;

CREATE TABLE audit_log (
    chain     smallint NOT NULL REFERENCES audit_heads (chain),
    seq       bigint   NOT NULL,
    -- JSON as it was written, byte for byte, because the hash is over the bytes.
    content   text     NOT NULL,
    prev_hash bytea    NOT NULL,
    hash      bytea    NOT NULL,
    subject   uuid     GENERATED ALWAYS AS ((content::jsonb ->> 'subject')::uuid) STORED,
    CONSTRAINT audit_log_once PRIMARY KEY (chain, seq)
);

CREATE INDEX audit_log_subject ON audit_log (subject);
