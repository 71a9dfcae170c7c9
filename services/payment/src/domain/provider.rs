//! The two providers, by name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest decline code that is kept.
const DECLINE_CODE_BYTES_MAX: usize = 64;

/// Who takes the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Provider {
    /// The Stripe-shaped one; the default.
    Stripe,
    /// The PayPal-shaped one.
    Paypal,
}

impl Provider {
    /// As it is stored, sent and measured.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Paypal => "paypal",
        }
    }

    /// The one to fail over to.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Stripe => Self::Paypal,
            Self::Paypal => Self::Stripe,
        }
    }
}

/// A provider's reason as we keep and publish it: short, lower case, nothing but letters, digits and `_`, so that text
/// from outside cannot carry anything else into events and logs.
pub fn decline_code(raw: &str) -> String {
    let code: String = raw
        .chars()
        .take(DECLINE_CODE_BYTES_MAX)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    if code.is_empty() {
        "declined".to_owned()
    } else {
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decline_code_is_short_and_plain() {
        assert_eq!(decline_code("insufficient_funds"), "insufficient_funds");
        assert_eq!(decline_code("INSTRUMENT_DECLINED"), "instrument_declined");
        assert_eq!(decline_code("a\n\"b\" ü"), "a__b___");
        assert_eq!(decline_code(""), "declined");
        assert_eq!(decline_code(&"x".repeat(500)).len(), DECLINE_CODE_BYTES_MAX);
    }
}
