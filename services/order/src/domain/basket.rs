//! What is being bought: lines with names and prices as they were at the moment of ordering.

use chassis::money::{Money, MoneyError};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use uuid::Uuid;

/// Lines a basket may have. A household order has a handful; fifty bounds the work that one request can cause.
pub(crate) const LINES_MAX: usize = 50;
/// Units of one product. More is wholesale, or a typing error.
pub(crate) const QUANTITY_MAX: u32 = 100;

/// What a customer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub(crate) struct LineRequest {
    pub(crate) product_id: Uuid,
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) quantity: u32,
}

/// One product of an order. The price is the one the customer saw; later price changes do not touch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Line {
    /// The product.
    pub product_id: Uuid,
    /// As it was called then.
    pub name: String,
    /// Units.
    pub quantity: u32,
    /// For one unit.
    pub unit_price: Money,
}

/// The lines of an order with their total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basket {
    pub(crate) lines: Vec<Line>,
    pub(crate) total: Money,
}

/// Why lines do not make a basket.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum BasketError {
    /// No lines.
    #[error("a basket needs at least one item")]
    Empty,
    /// The sum cannot be computed.
    #[error("the total cannot be computed: {0}")]
    Total(#[from] MoneyError),
    /// Nothing to pay.
    #[error("the total must be more than zero")]
    NothingToPay,
}

impl Basket {
    /// Adds up the lines.
    pub(crate) fn new(lines: Vec<Line>) -> Result<Self, BasketError> {
        let first = lines.first().ok_or(BasketError::Empty)?;
        let zero = Money::zero(first.unit_price.currency);
        let total = lines.iter().try_fold(zero, |sum, line| {
            sum.checked_add(line.unit_price.checked_mul(line.quantity)?)
        })?;
        if total.amount <= 0 {
            return Err(BasketError::NothingToPay);
        }
        Ok(Self { lines, total })
    }
}

#[cfg(test)]
mod tests {
    use chassis::money::Currency;
    use proptest::prelude::*;

    use super::*;

    fn line(quantity: u32, cents: i64) -> Line {
        Line {
            product_id: Uuid::now_v7(),
            name: "Teapot".to_owned(),
            quantity,
            unit_price: Money::new(cents, Currency::Eur),
        }
    }

    #[test]
    fn an_empty_basket_is_none() {
        assert_eq!(Basket::new(Vec::new()), Err(BasketError::Empty));
    }

    #[test]
    fn a_free_basket_is_none() {
        assert_eq!(
            Basket::new(vec![line(1, 0)]),
            Err(BasketError::NothingToPay)
        );
    }

    #[test]
    fn currencies_do_not_mix_in_a_basket() {
        let dollars = Line {
            unit_price: Money::new(1, Currency::Usd),
            ..line(1, 1)
        };
        assert!(matches!(
            Basket::new(vec![line(1, 1), dollars]),
            Err(BasketError::Total(_))
        ));
    }

    proptest! {
        #[test]
        fn the_total_is_the_exact_sum_or_refused(
            lines in prop::collection::vec((1_u32..=QUANTITY_MAX, 1_i64..=i64::MAX), 1..=LINES_MAX)
        ) {
            let exact: i128 = lines.iter().map(|(q, c)| i128::from(*q) * i128::from(*c)).sum();
            let basket = Basket::new(lines.iter().map(|(q, c)| line(*q, *c)).collect());
            match i64::try_from(exact) {
                Ok(exact) => prop_assert_eq!(basket.unwrap().total.amount, exact),
                Err(_) => prop_assert_eq!(basket, Err(BasketError::Total(MoneyError::Overflow))),
            }
        }
    }
}
