-- What the list without search reads, page by page in the order of names: all products, and those of one category.
CREATE INDEX products_by_name ON products (name, id) WHERE archived_at IS NULL;
CREATE INDEX products_by_category ON products (category, name, id) WHERE archived_at IS NULL;
