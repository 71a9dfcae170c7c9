//! Test tokens: each stands for a card and decides what becomes of a charge.

/// Why the bank said no. Names are Stripe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Decline {
    /// The bank gave no reason.
    #[sqlx(rename = "generic_decline")]
    Generic,
    /// Not enough money.
    InsufficientFunds,
    /// The card is out of date.
    ExpiredCard,
    /// The provider's own connection to the bank failed; nothing was taken.
    ProcessingError,
}

impl Decline {
    /// Stripe's `decline_code`.
    pub(crate) fn decline_code(self) -> &'static str {
        match self {
            Self::Generic => "generic_decline",
            Self::InsufficientFunds => "insufficient_funds",
            Self::ExpiredCard => "expired_card",
            Self::ProcessingError => "processing_error",
        }
    }

    /// Stripe's `code`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Generic | Self::InsufficientFunds => "card_declined",
            Self::ExpiredCard => "expired_card",
            Self::ProcessingError => "processing_error",
        }
    }

    /// For people.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Generic => "Your card was declined.",
            Self::InsufficientFunds => "Your card has insufficient funds.",
            Self::ExpiredCard => "Your card has expired.",
            Self::ProcessingError => {
                "An error occurred while processing your card. Try again in a little bit."
            }
        }
    }

    /// PayPal's `processor_response.response_code`.
    pub(crate) fn processor_code(self) -> &'static str {
        match self {
            Self::Generic => "0500",
            Self::InsufficientFunds => "5120",
            Self::ExpiredCard => "5400",
            Self::ProcessingError => "0960",
        }
    }
}

/// A token that the provider knows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestToken {
    pub(crate) name: &'static str,
    /// `None`: the charge succeeds.
    pub(crate) decline: Option<Decline>,
    /// The request that tries the charge commits its outcome and then never answers. A repeat with the same key does,
    /// and so does every read: this is what a lost reply looks like from outside.
    pub(crate) withholds_answer: bool,
}

const fn token(name: &'static str, decline: Option<Decline>, withholds_answer: bool) -> TestToken {
    TestToken {
        name,
        decline,
        withholds_answer,
    }
}

static TOKENS: [TestToken; 8] = [
    token("tok_visa", None, false),
    token("tok_mastercard", None, false),
    token("tok_chargeDeclined", Some(Decline::Generic), false),
    token(
        "tok_chargeDeclinedInsufficientFunds",
        Some(Decline::InsufficientFunds),
        false,
    ),
    token(
        "tok_insufficientFunds",
        Some(Decline::InsufficientFunds),
        false,
    ),
    token(
        "tok_chargeDeclinedExpiredCard",
        Some(Decline::ExpiredCard),
        false,
    ),
    token("tok_visa_captureThenHang", None, true),
    token(
        "tok_visa_hangThenNothing",
        Some(Decline::ProcessingError),
        true,
    ),
];

impl TestToken {
    /// The token of that exact name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        TOKENS.iter().find(|token| token.name == name)
    }

    #[cfg(test)]
    pub(crate) fn all() -> &'static [Self] {
        &TOKENS
    }
}
