//! Names of people: any script, no control characters, bounded.

use serde::Serialize;
use thiserror::Error;

const CHARS_MAX: usize = 200;

/// How a user wants to be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Name(String);

/// Empty, too long, or with characters that no name has.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("must be 1 to {CHARS_MAX} characters, none of them a control character")]
pub(crate) struct NameInvalid;

impl Name {
    /// Trims and checks. PostgreSQL could not even store a NUL.
    pub(crate) fn parse(text: &str) -> Result<Self, NameInvalid> {
        let text = text.trim();
        let valid =
            (1..=CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameInvalid)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_are_taken_and_trimmed() {
        for (text, name) in [
            (" Ada ", "Ada"),
            ("李小龍", "李小龍"),
            ("O’Neil-Smith", "O’Neil-Smith"),
        ] {
            assert_eq!(Name::parse(text).unwrap().as_str(), name);
        }
        assert!(Name::parse(&"é".repeat(200)).is_ok());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in ["", "   ", "a\0b", "a\nb", &"x".repeat(201)] {
            assert_eq!(Name::parse(bad), Err(NameInvalid), "{bad:?}");
        }
    }
}
