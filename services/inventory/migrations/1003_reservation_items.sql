-- What a reservation is for. Written once, with the reservation.
CREATE TABLE reservation_items (
    order_id   uuid   NOT NULL REFERENCES reservations,
    -- Checked at commit: the row is written before the stock is looked at, so that a hot product stays locked for as
    -- short as possible, and an unknown product is found out of stock by then.
    product_id uuid   NOT NULL,
    quantity   bigint NOT NULL,
    PRIMARY KEY (order_id, product_id),
    CONSTRAINT reservation_items_product FOREIGN KEY (product_id) REFERENCES stock
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT reservation_items_quantity_positive CHECK (quantity > 0)
);
