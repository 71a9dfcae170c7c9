//! What an order wants: products and quantities, in the one order in which stock rows are locked.

use thiserror::Error;

use super::ProductId;

/// Most lines of a basket. An order has at most 50; the room above it is for callers other than orders.
pub const ITEMS_MAX: usize = 100;

/// Most units of one product. A hundred times what an order may ask for, and far from overflow.
pub const QUANTITY_MAX: i64 = 10_000;

/// So many units of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// The product.
    pub product_id: ProductId,
    /// Units, 1 to [`QUANTITY_MAX`].
    pub quantity: i64,
}

/// Items sorted by product, one a product: two transactions that lock in this order cannot deadlock, and two baskets
/// that want the same are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket(Vec<Item>);

/// Why something is not a basket.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BasketError {
    /// No line, or too many.
    #[error("must hold 1 to {ITEMS_MAX} items")]
    Size,
    /// The line at this index has a quantity out of range, alone or with earlier lines of the same product.
    #[error("must be 1 to {QUANTITY_MAX}, all lines of a product together")]
    Quantity(usize),
}

impl Basket {
    /// Sorts the items and joins the lines of a product.
    ///
    /// # Errors
    /// See [`BasketError`].
    pub fn new(items: &[Item]) -> Result<Self, BasketError> {
        if !(1..=ITEMS_MAX).contains(&items.len()) {
            return Err(BasketError::Size);
        }
        let in_range = |quantity: &i64| (1..=QUANTITY_MAX).contains(quantity);
        let mut joined: Vec<Item> = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let quantity = Some(item.quantity).filter(in_range);
            let quantity = quantity.ok_or(BasketError::Quantity(index))?;
            match joined.binary_search_by_key(&item.product_id, |known| known.product_id) {
                Ok(at) => {
                    let sum = Some(joined[at].quantity + quantity).filter(in_range);
                    joined[at].quantity = sum.ok_or(BasketError::Quantity(index))?;
                }
                Err(at) => joined.insert(at, *item),
            }
        }
        Ok(Self(joined))
    }

    /// What was stored once; it was checked when it went in.
    pub(crate) fn from_stored(mut items: Vec<Item>) -> Self {
        items.sort_unstable();
        Self(items)
    }

    /// The items, by product id.
    pub fn items(&self) -> &[Item] {
        &self.0
    }

    /// Units of all products together.
    pub fn units(&self) -> i64 {
        self.0.iter().map(|item| item.quantity).sum()
    }

    /// Products and quantities side by side, as SQL arrays want them.
    pub(crate) fn columns(&self) -> (Vec<ProductId>, Vec<i64>) {
        self.0
            .iter()
            .map(|item| (item.product_id, item.quantity))
            .unzip()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn item(product: u128, quantity: i64) -> Item {
        Item {
            product_id: ProductId(Uuid::from_u128(product)),
            quantity,
        }
    }

    #[test]
    fn lines_of_one_product_are_joined_and_sorted() {
        let basket = Basket::new(&[item(2, 1), item(1, 5), item(2, 3)]).unwrap();
        assert_eq!(basket.items(), [item(1, 5), item(2, 4)]);
        assert_eq!(basket.units(), 9);
    }

    #[test]
    fn sizes_and_quantities_out_of_range_are_refused() {
        let many: Vec<_> = (0..101).map(|product| item(product, 1)).collect();
        assert_eq!(Basket::new(&[]), Err(BasketError::Size));
        assert_eq!(Basket::new(&many), Err(BasketError::Size));
        for bad in [0, -1, QUANTITY_MAX + 1, i64::MIN, i64::MAX] {
            assert_eq!(
                Basket::new(&[item(1, 1), item(2, bad)]),
                Err(BasketError::Quantity(1))
            );
        }
        let together = [item(1, QUANTITY_MAX), item(1, 1)];
        assert_eq!(Basket::new(&together), Err(BasketError::Quantity(1)));
    }

    proptest! {
        #[test]
        fn the_order_of_lines_does_not_matter(
            lines in prop::collection::vec((0_u128..10, 1_i64..50), 1..50).prop_shuffle(),
        ) {
            let mut items: Vec<_> = lines.into_iter().map(|(p, q)| item(p, q)).collect();
            let one = Basket::new(&items).unwrap();
            items.reverse();
            prop_assert_eq!(&one, &Basket::new(&items).unwrap());
            prop_assert!(one.items().is_sorted_by(|a, b| a.product_id < b.product_id));
            prop_assert_eq!(one.units(), items.iter().map(|item| item.quantity).sum::<i64>());
        }
    }
}
