//! Which passwords are accepted: NIST SP 800-63B's advice (length and a blocklist, no composition rules).
//!
//! How they are hashed is [`crate::hasher`]'s business.

use std::fmt;

use thiserror::Error;

use super::Email;

const CHARS_MIN: usize = 10;
const CHARS_MAX: usize = 128;
/// A local part shorter than this is in too many good passwords by chance.
const LOCAL_CHARS_MIN: usize = 4;

/// The commonest passwords that are long enough to get past the length rule, lower case, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// A password in the clear: never logged, never stored, never serialised.
#[derive(Clone)]
pub(crate) struct Password(String);

/// Why a password was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum PasswordInvalid {
    #[error("must be {CHARS_MIN} to {CHARS_MAX} characters")]
    Length,
    #[error("is one of the commonest passwords")]
    Common,
    #[error("must not contain the name part of the e-mail address")]
    ContainsEmail,
}

impl Password {
    /// A password that somebody claims to be theirs: no rule applies, it either matches or not.
    pub(crate) fn claimed(text: String) -> Self {
        Self(text)
    }

    /// A password for a new account.
    pub(crate) fn choose(text: String, email: &Email) -> Result<Self, PasswordInvalid> {
        if !(CHARS_MIN..=CHARS_MAX).contains(&text.chars().count()) {
            return Err(PasswordInvalid::Length);
        }
        let lower = text.to_lowercase();
        if COMMON.lines().any(|common| common == lower) {
            return Err(PasswordInvalid::Common);
        }
        if email.local().len() >= LOCAL_CHARS_MIN && lower.contains(email.local()) {
            return Err(PasswordInvalid::ContainsEmail);
        }
        Ok(Self(text))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(text: &str) -> Result<(), PasswordInvalid> {
        let email = Email::parse("margaret@example.com").unwrap();
        Password::choose(text.to_owned(), &email).map(drop)
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert_eq!(choose("nine chrs"), Err(PasswordInvalid::Length));
        assert_eq!(choose("ten chars."), Ok(()));
        assert_eq!(choose(&"ü".repeat(128)), Ok(()));
        assert_eq!(choose(&"x".repeat(129)), Err(PasswordInvalid::Length));
    }

    #[test]
    fn the_commonest_are_refused_in_any_case() {
        assert_eq!(choose("1234567890"), Err(PasswordInvalid::Common));
        assert_eq!(choose("QwertyUiop"), Err(PasswordInvalid::Common));
    }

    #[test]
    fn the_name_part_of_the_address_is_refused_unless_it_is_very_short() {
        assert_eq!(
            choose("my-MARGARET-pass"),
            Err(PasswordInvalid::ContainsEmail)
        );
        let short = Email::parse("ada@example.com").unwrap();
        assert!(Password::choose("canadarocks!".to_owned(), &short).is_ok());
    }

    #[test]
    fn the_list_holds_only_what_the_length_rule_lets_through() {
        for common in COMMON.lines() {
            assert!(common.chars().count() >= CHARS_MIN, "{common:?}");
            assert_eq!(common, common.to_lowercase());
        }
    }

    #[test]
    fn a_password_does_not_print() {
        assert_eq!(
            format!("{:?}", Password::claimed("hunter2".to_owned())),
            "Password(…)"
        );
    }
}
