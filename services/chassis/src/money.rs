//! Money: whole minor units (cents) and a currency. Never a float; every operation is checked.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// An ISO 4217 code. The shop sells in euros; the type exists so that mixing currencies is an error, not a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[sqlx(type_name = "text", rename_all = "UPPERCASE")]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Euro, two decimals.
    Eur,
    /// United States dollar, two decimals.
    Usd,
    /// Pound sterling, two decimals.
    Gbp,
}

impl Currency {
    /// The ISO 4217 code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Eur => "EUR",
            Self::Usd => "USD",
            Self::Gbp => "GBP",
        }
    }
}

impl std::str::FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        [Self::Eur, Self::Usd, Self::Gbp]
            .into_iter()
            .find(|currency| currency.code().eq_ignore_ascii_case(code))
            .ok_or_else(|| MoneyError::UnknownCurrency(code.to_owned()))
    }
}

/// Why an amount could not be computed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MoneyError {
    /// The result does not fit into 64 bits.
    #[error("amount out of range")]
    Overflow,
    /// Two currencies met.
    #[error("cannot combine {0:?} with {1:?}")]
    CurrencyMismatch(Currency, Currency),
    /// Not a currency that the shop knows.
    #[error("unknown currency {0:?}")]
    UnknownCurrency(String),
}

/// An amount in minor units of a currency; may be negative as the result of a subtraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// Minor units, for example cents.
    pub amount: i64,
    /// What the units are of.
    pub currency: Currency,
}

impl Money {
    /// An amount of minor units.
    pub fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in a currency.
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`], [`MoneyError::Overflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The price of a quantity.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn checked_mul(self, quantity: u32) -> Result<Self, MoneyError> {
        let amount = self
            .amount
            .checked_mul(i64::from(quantity))
            .ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }

    fn combine(
        self,
        other: Self,
        operation: fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let amount = operation(self.amount, other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(amount, self.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount < 0 { "-" } else { "" };
        let units = self.amount.unsigned_abs();
        write!(
            f,
            "{sign}{}.{:02} {}",
            units / 100,
            units % 100,
            self.currency.code()
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn eur(amount: i64) -> Money {
        Money::new(amount, Currency::Eur)
    }

    #[test]
    fn currencies_do_not_mix() {
        let usd = Money::new(1, Currency::Usd);
        assert_eq!(
            eur(1).checked_add(usd),
            Err(MoneyError::CurrencyMismatch(Currency::Eur, Currency::Usd))
        );
    }

    #[test]
    fn amounts_print_as_people_write_them() {
        assert_eq!(eur(1999).to_string(), "19.99 EUR");
        assert_eq!(eur(-5).to_string(), "-0.05 EUR");
        assert_eq!(eur(i64::MIN).to_string(), "-92233720368547758.08 EUR");
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_128_bits_or_refuses(a: i64, b: i64, quantity: u32) {
            let fits = |wide: i128| i64::try_from(wide).map(eur).map_err(|_| MoneyError::Overflow);
            prop_assert_eq!(eur(a).checked_add(eur(b)), fits(i128::from(a) + i128::from(b)));
            prop_assert_eq!(eur(a).checked_sub(eur(b)), fits(i128::from(a) - i128::from(b)));
            prop_assert_eq!(
                eur(a).checked_mul(quantity),
                fits(i128::from(a) * i128::from(quantity))
            );
        }

        #[test]
        fn adding_then_subtracting_gives_back_the_start(a in any::<i32>(), b in any::<i32>()) {
            let (a, b) = (eur(a.into()), eur(b.into()));
            prop_assert_eq!(a.checked_add(b).unwrap().checked_sub(b).unwrap(), a);
        }
    }
}
