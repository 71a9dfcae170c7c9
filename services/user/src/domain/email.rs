//! E-mail addresses as the HTML standard defines a valid one, in lower case.
//!
//! <https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address>. Stricter than RFC 5322 on purpose: no
//! comments, no quoted parts, ASCII only (an international domain is sent in its `xn--` form). Whether a mailbox exists
//! is found out by the verification mail, not here.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// RFC 5321, 4.5.3.1.3: a path is 256 octets, two of which are the angle brackets.
const LENGTH_MAX: usize = 254;
/// RFC 5321, 4.5.3.1.1.
const LOCAL_LENGTH_MAX: usize = 64;
/// RFC 1034, 3.1.
const LABEL_LENGTH_MAX: usize = 63;

/// A well-formed, normalised address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Email(String);

/// Not an address.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("must be an e-mail address like name@example.com, at most {LENGTH_MAX} characters")]
pub(crate) struct EmailInvalid;

impl Email {
    /// Trims, checks and lower-cases.
    pub(crate) fn parse(text: &str) -> Result<Self, EmailInvalid> {
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(EmailInvalid)?;
        let valid = text.len() <= LENGTH_MAX && is_local(local) && domain.split('.').all(is_label);
        if valid {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(EmailInvalid)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub(crate) fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_local(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    (1..=LOCAL_LENGTH_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_label(text: &str) -> bool {
    (1..=LABEL_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_trimmed_and_lower_cased() {
        let email = Email::parse(" Ada.Lovelace+Shop@Example.COM ").unwrap();
        assert_eq!(email.as_str(), "ada.lovelace+shop@example.com");
        assert_eq!(email.local(), "ada.lovelace+shop");
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long = format!("a@{}", vec!["b".repeat(60); 5].join("."));
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@b",
            "a@b@c",
            "a b@c.de",
            "a@b..c",
            "a@-b.c",
            "a@b-.c",
            "a@b c",
            "a\0@b.c",
            "a@b.c\n",
            "ä@b.c",
            "a@ü.de",
            "a@.",
            &long_local,
            &long_label,
            &long,
        ] {
            let trimmed_is_fine = bad == "a@b.c\n";
            assert_eq!(Email::parse(bad).is_ok(), trimmed_is_fine, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_its_result_parses_to_itself(text in ".{0,300}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
                prop_assert!(email.as_str().len() <= LENGTH_MAX);
            }
        }

        #[test]
        fn case_never_makes_two_addresses(text in "[a-zA-Z0-9.]{1,20}@[a-zA-Z]{1,10}\\.[a-zA-Z]{2,5}") {
            prop_assert_eq!(Email::parse(&text), Email::parse(&text.to_uppercase()));
        }
    }
}
