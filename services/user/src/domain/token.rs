//! Opaque tokens: 256 random bits for the client, their SHA-256 for the database.
//!
//! A plain hash is enough: unlike a password, a random token cannot be guessed from it.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const BYTES: usize = 32;

/// What the client holds. Not printable, so that it cannot slip into a log.
pub(crate) struct Token([u8; BYTES]);

/// What the database holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenHash([u8; BYTES]);

impl Token {
    /// A fresh token from the system's random numbers.
    pub(crate) fn random() -> Self {
        let mut bytes = [0; BYTES];
        rand::fill(&mut bytes).expect("the system's random numbers do not run out");
        Self(bytes)
    }

    /// Reads the text form; `None` if nothing that we issued looks like this.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The text form: 43 characters that need no escaping in a URL.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(crate) fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, &self.0);
        TokenHash(digest.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl TokenHash {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_text_form() {
        let token = Token::random();
        assert_eq!(token.to_text().len(), 43);
        assert_eq!(Token::parse(&token.to_text()).unwrap().hash(), token.hash());
    }

    #[test]
    fn no_two_tokens_are_alike() {
        assert_ne!(Token::random().hash(), Token::random().hash());
    }

    #[test]
    fn what_we_never_issued_is_not_a_token() {
        for bad in [
            "",
            "a",
            "\0",
            &"A".repeat(42),
            &"A".repeat(44),
            &"+".repeat(43),
            &"é".repeat(43),
        ] {
            assert!(Token::parse(bad).is_none(), "{bad:?}");
        }
    }
}
