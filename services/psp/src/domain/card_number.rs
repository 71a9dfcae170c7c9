//! Recognises card numbers, so that none is accepted or stored: the provider takes tokens alone.

use serde_json::Value;

/// Whether a request holds a card number, in whatever field.
pub(crate) fn found_in(request: &Value) -> bool {
    search(None, request)
}

fn search(name: Option<&str>, value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| search(Some(name), value)),
        Value::Array(items) => items.iter().any(|item| search(name, item)),
        Value::String(text) => is_card_number(name, text),
        Value::Number(number) => is_card_number(name, &number.to_string()),
        _ => false,
    }
}

fn is_card_number(name: Option<&str>, text: &str) -> bool {
    looks_like_card_number(text) || (name == Some("number") && is_card_length(text))
}

/// Whether a text that was sent as a card number could be one: 13 to 19 digits, blanks and hyphens aside.
fn is_card_length(text: &str) -> bool {
    digits(text).is_some_and(|digits| (13..=19).contains(&digits.len()))
}

/// Whether any text is most likely a card number: the length, an issuer's first digit, and the Luhn check digit.
/// Times in milliseconds have 13 digits too, but start with 1.
fn looks_like_card_number(text: &str) -> bool {
    digits(text).is_some_and(|digits| {
        (13..=19).contains(&digits.len()) && (2..=6).contains(&digits[0]) && passes_luhn(&digits)
    })
}

fn digits(text: &str) -> Option<Vec<u32>> {
    if text.len() > 40 {
        return None;
    }
    text.chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .map(|c| c.to_digit(10))
        .collect::<Option<Vec<_>>>()
        .filter(|digits| !digits.is_empty())
}

/// ISO/IEC 7812-1, annex B.
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
    use super::*;

    #[test]
    fn the_well_known_test_numbers_are_recognised() {
        for number in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "5555-5555-5555-4444",
            "378282246310005",
        ] {
            assert!(looks_like_card_number(number), "{number}");
            assert!(is_card_length(number), "{number}");
        }
    }

    #[test]
    fn other_texts_are_not_taken_for_card_numbers() {
        for text in [
            "",
            "-",
            "tok_visa",
            "1790000000000",
            "4242424242424241",
            "424242424242",
            "order 42",
        ] {
            assert!(!looks_like_card_number(text), "{text}");
        }
    }
}
