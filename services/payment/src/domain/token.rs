//! Card tokens. A card number must not come near this service: whatever looks like one is refused at the door.

use std::fmt;

use chassis::config::Secret;
use thiserror::Error;

/// Longest token. Providers' tokens are far shorter.
const BYTES_MAX: usize = 128;

/// Card numbers have 13 to 19 digits (ISO/IEC 7812-1).
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;

/// Why a token was refused. Never repeats the token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TokenRefused {
    /// Not the form of a token.
    #[error("must be a token of the provider: 1 to {BYTES_MAX} letters, digits, '_' or '-'")]
    Malformed,
    /// It contains what may be a card number.
    #[error("must not contain a card number; send a token of the provider")]
    LooksLikeCardNumber,
}

/// A provider's token for a card. It prints as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct CardToken(Secret);

impl CardToken {
    /// Checks a token.
    ///
    /// # Errors
    /// See [`TokenRefused`].
    pub fn parse(text: &str) -> Result<Self, TokenRefused> {
        if contains_card_number(text) {
            return Err(TokenRefused::LooksLikeCardNumber);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=BYTES_MAX).contains(&text.len()) || !text.bytes().all(plain) {
            return Err(TokenRefused::Malformed);
        }
        Ok(Self(Secret::new(text)))
    }

    /// The token itself, for the provider and for the vault.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for CardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardToken(…)")
    }
}

/// Looks for 13 to 19 digits in a row that pass the Luhn check, anywhere in the text. Blanks, dots, underscores and
/// dashes between digits are how people write card numbers, so they do not end a row.
fn contains_card_number(text: &str) -> bool {
    digit_runs(text).iter().any(|run| {
        CARD_DIGITS
            .clone()
            .any(|length| run.windows(length).any(passes_luhn))
    })
}

fn digit_runs(text: &str) -> Vec<Vec<u32>> {
    let mut runs = vec![Vec::new()];
    for c in text.chars() {
        match (c.to_digit(10), c) {
            (Some(digit), _) => runs.last_mut().expect("starts with one run").push(digit),
            (None, ' ' | '-' | '_' | '.') => {}
            (None, _) => runs.push(Vec::new()),
        }
    }
    runs
}

/// ISO/IEC 7812-1, annex B: from the right, every second digit is doubled; the sum of digits is a multiple of 10.
fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, doubled) => doubled / 10 + doubled % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_tokens_of_providers_are_taken() {
        for token in [
            "tok_visa",
            "tok_visa_captureThenHang",
            "tok_1NqXyZ2eZvKYlo2C",
            "pm-1",
        ] {
            assert_eq!(CardToken::parse(token).unwrap().expose(), token);
        }
    }

    #[test]
    fn card_numbers_are_refused_however_they_are_written() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "tok_4242424242424242",
            "tok_4242_4242_4242_4242_x",
            "x378282246310005y",
            "6304000000000000000",
            "94242424242424242",
        ] {
            assert_eq!(
                CardToken::parse(text),
                Err(TokenRefused::LooksLikeCardNumber),
                "{text}"
            );
        }
    }

    #[test]
    fn digits_that_cannot_be_a_card_number_are_taken() {
        assert!(CardToken::parse("tok_5555555555555551").is_ok());
        assert!(CardToken::parse("tok_123456789012").is_ok());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "tok visa", "tok\u{0}", "tök", "tok\n", &"x".repeat(129)] {
            assert_eq!(
                CardToken::parse(text),
                Err(TokenRefused::Malformed),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_token_does_not_print() {
        assert_eq!(
            format!("{:?}", CardToken::parse("tok_visa").unwrap()),
            "CardToken(…)"
        );
    }

    proptest! {
        #[test]
        fn any_number_with_a_right_check_digit_is_found_inside_any_token(
            mut digits in prop::collection::vec(0..10_u32, 12..18),
            before in "[a-z]{0,8}",
            after in "[a-z]{0,8}",
        ) {
            digits.push(0);
            let check = (0..10).find(|check| {
                *digits.last_mut().unwrap() = *check;
                passes_luhn(&digits)
            });
            prop_assert!(check.is_some());
            let number: String = digits.iter().map(u32::to_string).collect();
            prop_assert!(contains_card_number(&[before, number, after].concat()));
        }

        #[test]
        fn no_text_makes_the_check_panic(text in ".*") {
            let _ = CardToken::parse(&text);
        }
    }
}
