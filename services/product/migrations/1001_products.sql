-- The catalogue. A product that is no longer sold is archived, not deleted: old orders point at its id.
CREATE TABLE products (
    id             uuid        PRIMARY KEY,
    sku            text        NOT NULL,
    name           text        NOT NULL,
    description    text        NOT NULL,
    category       text        NOT NULL,
    price_amount   bigint      NOT NULL,
    price_currency text        NOT NULL,
    -- Free-form; the service bounds its size and depth.
    attributes     jsonb       NOT NULL,
    -- Counts the changes; the version of the product's events.
    version        bigint      NOT NULL,
    archived_at    timestamptz,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT products_sku_length CHECK (length(sku) BETWEEN 1 AND 64),
    CONSTRAINT products_name_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT products_description_length CHECK (length(description) <= 4000),
    CONSTRAINT products_category_length CHECK (length(category) BETWEEN 1 AND 100),
    CONSTRAINT products_price_positive CHECK (price_amount > 0),
    CONSTRAINT products_price_currency CHECK (price_currency ~ '^[A-Z]{3}$'),
    CONSTRAINT products_attributes_object CHECK (jsonb_typeof(attributes) = 'object'),
    CONSTRAINT products_version_positive CHECK (version >= 1)
);

-- A SKU is free again once its product is archived.
CREATE UNIQUE INDEX products_sku ON products (sku) WHERE archived_at IS NULL;
