-- Full-text search inside PostgreSQL: words are stemmed ("lamps" finds "lamp"), a hit in the name counts more than one in
-- the description. A generated column cannot be forgotten by a writer. The SKU is not English and is kept as it is.
ALTER TABLE products ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('english', name), 'A')
    || setweight(to_tsvector('simple', sku), 'A')
    || setweight(to_tsvector('english', category), 'B')
    || setweight(to_tsvector('english', description), 'C')
) STORED;

CREATE INDEX products_search ON products USING gin (search) WHERE archived_at IS NULL;
