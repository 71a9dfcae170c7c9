//! PayPal's amounts: decimal strings such as `"19.99"`, converted exactly, never through a float.
//!
//! All currencies of the shop have two decimals.

use chassis::money::Money;
use thiserror::Error;

/// Longest accepted text, as PayPal documents it.
const TEXT_BYTES_MAX: usize = 32;

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum DecimalError {
    #[error("not a decimal number")]
    Malformed,
    #[error("more than two decimals")]
    TooPrecise,
    #[error("zero or negative")]
    NotPositive,
    #[error("too large")]
    TooLarge,
}

/// Minor units of a positive amount.
pub(crate) fn parse_minor_units(text: &str) -> Result<i64, DecimalError> {
    let unsigned = text.strip_prefix('-');
    let (whole, fraction) = match unsigned.unwrap_or(text).split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(DecimalError::Malformed),
        None => (unsigned.unwrap_or(text), ""),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > TEXT_BYTES_MAX
        || whole.is_empty()
        || !all_digits(whole)
        || !all_digits(fraction)
    {
        return Err(DecimalError::Malformed);
    }
    if fraction.len() > 2 {
        return Err(DecimalError::TooPrecise);
    }
    let units: i64 = format!("{whole}{fraction:0<2}")
        .parse()
        .map_err(|_| DecimalError::TooLarge)?;
    if unsigned.is_some() || units == 0 {
        Err(DecimalError::NotPositive)
    } else {
        Ok(units)
    }
}

/// The amount as PayPal writes it: always two decimals, no currency.
pub(crate) fn format_minor_units(money: Money) -> String {
    let sign = if money.amount < 0 { "-" } else { "" };
    let units = money.amount.unsigned_abs();
    format!("{sign}{}.{:02}", units / 100, units % 100)
}

#[cfg(test)]
mod tests {
    use chassis::money::Currency;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_to_the_cent() {
        for (text, units) in [
            ("19.99", 1999),
            ("0.01", 1),
            ("20", 2000),
            ("20.5", 2050),
            ("007.10", 710),
        ] {
            assert_eq!(parse_minor_units(text), Ok(units), "{text}");
        }
    }

    #[test]
    fn what_is_no_positive_amount_is_refused_with_the_reason() {
        use DecimalError::{Malformed, NotPositive, TooLarge, TooPrecise};
        for (text, error) in [
            ("", Malformed),
            (".", Malformed),
            ("1.", Malformed),
            (".5", Malformed),
            ("1,5", Malformed),
            ("1e3", Malformed),
            ("+1", Malformed),
            ("--1", Malformed),
            ("NaN", Malformed),
            ("١", Malformed),
            ("1.999", TooPrecise),
            ("0.00", NotPositive),
            ("-5.00", NotPositive),
            ("1000000000000000000000000000000", TooLarge),
            ("100000000000000000000000000000000000000", Malformed),
        ] {
            assert_eq!(parse_minor_units(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_unchanged(units in 1..i64::MAX) {
            let text = format_minor_units(Money::new(units, Currency::Eur));
            prop_assert_eq!(parse_minor_units(&text), Ok(units));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = parse_minor_units(&text);
        }
    }
}
