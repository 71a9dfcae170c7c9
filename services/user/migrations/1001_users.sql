-- Accounts. A deleted user keeps the row, because orders refer to it, but nothing in it that is about a person.
CREATE TABLE users (
    id             uuid        PRIMARY KEY,
    email          text        NOT NULL,
    name           text        NOT NULL,
    -- Argon2id in PHC form.
    password_hash  text,
    roles          text[]      NOT NULL,
    -- Which rate limits apply.
    tier           text        NOT NULL DEFAULT 'standard',
    email_verified boolean     NOT NULL DEFAULT false,
    -- Of the profile, as clients see it.
    version        bigint      NOT NULL DEFAULT 1,
    -- Of the aggregate: counts its events, so a login counts here and leaves the profile's version alone.
    event_version  bigint      NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    deleted_at     timestamptz,
    CONSTRAINT users_email_unique UNIQUE (email),
    -- Addresses are stored normalised, so that uniqueness does not depend on case.
    CONSTRAINT users_email_normalised CHECK (email = lower(email) AND length(email) <= 254),
    CONSTRAINT users_name_bounded CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT users_roles_known CHECK (cardinality(roles) >= 1 AND roles <@ ARRAY['customer', 'admin']),
    CONSTRAINT users_tier_known CHECK (tier IN ('standard', 'premium')),
    CONSTRAINT users_password_until_deleted CHECK ((password_hash IS NULL) = (deleted_at IS NOT NULL))
);
