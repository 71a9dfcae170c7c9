//! Seals card tokens with AES-256-GCM. It knows no database; rows are re-sealed by a worker.
//!
//! `PAYMENT_ENCRYPTION_KEYS` is `kid:key,…`, keys in base64 or hex: the first one seals, all of them open. To change keys, put the new one
//! first, restart, wait until no row names the old one, and drop it. The payment's id is bound to what is sealed, so
//! that a token copied into another row does not open.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use chassis::config::{ConfigError, Secret};
use thiserror::Error;

use crate::domain::{CardToken, PaymentId};

const VARIABLE: &str = "PAYMENT_ENCRYPTION_KEYS";
const KEY_BYTES: usize = 32;

/// A token that only the vault can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Which key sealed it.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// Why something cannot be sealed or opened. Never says what was inside.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum VaultError {
    /// The key was dropped from the configuration too early.
    #[error("key {0:?} is not configured")]
    UnknownKey(String),
    /// Altered, moved from another row, or never ours.
    #[error("the sealed token does not open")]
    Forged,
    /// The system's random numbers or the cipher failed.
    #[error("sealing failed")]
    Seal,
}

/// Seals and opens tokens.
pub struct Vault {
    /// The first one seals.
    keys: Vec<(String, LessSafeKey)>,
}

impl Vault {
    /// Reads the keys.
    ///
    /// # Errors
    /// No key, a key that is not 32 bytes, or an id that is there twice; never repeats a key.
    pub fn new(keys: &Secret) -> Result<Self, ConfigError> {
        let mut parsed: Vec<(String, LessSafeKey)> = Vec::new();
        for entry in keys.expose().split(',') {
            let (id, key) = parse(entry.trim()).ok_or_else(|| {
                invalid("each entry must be kid:key, the key 32 bytes in base64 or hex; commas between entries")
            })?;
            if parsed.iter().any(|(known, _)| *known == id) {
                return Err(invalid("a key id is there twice"));
            }
            parsed.push((id, key));
        }
        Ok(Self { keys: parsed })
    }

    /// Id of the key that seals.
    pub fn sealing_key_id(&self) -> &str {
        &self
            .keys
            .first()
            .expect("splitting a text yields at least one entry")
            .0
    }

    /// Seals a token for the row of a payment.
    ///
    /// # Errors
    /// [`VaultError::Seal`].
    pub fn seal(&self, payment: PaymentId, token: &CardToken) -> Result<Sealed, VaultError> {
        let (key_id, key) = self.keys.first().expect("there is at least one key");
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| VaultError::Seal)?;
        let mut sealed = token.expose().as_bytes().to_vec();
        // Nonces are random: a key may seal 2^32 tokens before a repeat becomes likely enough to matter (NIST SP
        // 800-38D, section 8.3).
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(payment.0.as_bytes()),
            &mut sealed,
        )
        .map_err(|_| VaultError::Seal)?;
        Ok(Sealed {
            key_id: key_id.clone(),
            bytes: [&nonce[..], &sealed].concat(),
        })
    }

    /// Opens what was sealed for the row of this payment.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`], [`VaultError::Forged`].
    pub fn open(&self, payment: PaymentId, sealed: &Sealed) -> Result<CardToken, VaultError> {
        let (_, key) = self
            .keys
            .iter()
            .find(|(id, _)| *id == sealed.key_id)
            .ok_or_else(|| VaultError::UnknownKey(sealed.key_id.clone()))?;
        let (nonce, ciphertext) = sealed
            .bytes
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(VaultError::Forged)?;
        let mut buffer = ciphertext.to_vec();
        let opened = key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(payment.0.as_bytes()),
                &mut buffer,
            )
            .map_err(|_| VaultError::Forged)?;
        let text = std::str::from_utf8(opened).map_err(|_| VaultError::Forged)?;
        CardToken::parse(text).map_err(|_| VaultError::Forged)
    }
}

fn parse(entry: &str) -> Option<(String, LessSafeKey)> {
    let (id, encoded) = entry.split_once(':')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(1..=64).contains(&id.len()) || !id.bytes().all(plain) {
        return None;
    }
    // The lengths differ, so a text cannot be both.
    let key = if encoded.len() == 2 * KEY_BYTES {
        hex::decode(encoded).ok()?
    } else {
        BASE64_STANDARD.decode(encoded).ok()?
    };
    if key.len() != KEY_BYTES {
        return None;
    }
    let key = UnboundKey::new(&AES_256_GCM, &key).ok()?;
    Some((id.to_owned(), LessSafeKey::new(key)))
}

fn invalid(reason: &str) -> ConfigError {
    ConfigError::Invalid {
        name: VARIABLE.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(keys: &[(&str, u8)]) -> Vault {
        let entries: Vec<_> = keys
            .iter()
            .map(|(id, byte)| format!("{id}:{}", BASE64_STANDARD.encode([*byte; 32])))
            .collect();
        Vault::new(&Secret::new(entries.join(","))).unwrap()
    }

    fn token() -> CardToken {
        CardToken::parse("tok_visa").unwrap()
    }

    #[test]
    fn what_is_sealed_opens_and_does_not_show() {
        let (vault, id) = (vault(&[("k1", 1)]), PaymentId::new());
        let sealed = vault.seal(id, &token()).unwrap();
        assert!(!sealed.bytes.windows(8).any(|window| window == b"tok_visa"));
        assert_eq!(vault.open(id, &sealed).unwrap(), token());
        assert_ne!(
            sealed,
            vault.seal(id, &token()).unwrap(),
            "no two nonces are the same"
        );
    }

    #[test]
    fn an_older_key_opens_while_the_first_one_seals() {
        let id = PaymentId::new();
        let old = vault(&[("k1", 1)]).seal(id, &token()).unwrap();
        let rotated = vault(&[("k2", 2), ("k1", 1)]);
        assert_eq!(rotated.open(id, &old).unwrap(), token());
        assert_eq!(rotated.seal(id, &token()).unwrap().key_id, "k2");
        let dropped = vault(&[("k2", 2)]).open(id, &old);
        assert_eq!(dropped, Err(VaultError::UnknownKey("k1".to_owned())));
    }

    #[test]
    fn a_sealed_token_opens_only_unaltered_and_in_its_own_row() {
        let (vault, id) = (vault(&[("k1", 1)]), PaymentId::new());
        let sealed = vault.seal(id, &token()).unwrap();
        assert_eq!(
            vault.open(PaymentId::new(), &sealed),
            Err(VaultError::Forged)
        );
        for place in 0..sealed.bytes.len() {
            let mut altered = sealed.clone();
            altered.bytes[place] ^= 1;
            assert_eq!(vault.open(id, &altered), Err(VaultError::Forged));
        }
        let short = Sealed {
            key_id: "k1".to_owned(),
            bytes: vec![0; 5],
        };
        assert_eq!(vault.open(id, &short), Err(VaultError::Forged));
    }

    #[test]
    fn a_key_may_be_written_in_hex() {
        let (id, hex) = (PaymentId::new(), format!("k1:{}", "01".repeat(32)));
        let sealed = vault(&[("k1", 1)]).seal(id, &token()).unwrap();
        assert!(
            Vault::new(&Secret::new(hex))
                .unwrap()
                .open(id, &sealed)
                .is_ok()
        );
    }

    #[test]
    fn keys_that_make_no_sense_are_refused_without_being_shown() {
        let good = BASE64_STANDARD.encode([7; 32]);
        for keys in [
            "nokey",
            "k1:c2hvcnQ=",
            "k1:!!!",
            &format!(":{good}"),
            &format!("k1:{good},k1:{good}"),
            &format!("k1:{good},"),
        ] {
            let error = Vault::new(&Secret::new(keys))
                .err()
                .expect(keys)
                .to_string();
            assert!(
                error.starts_with(VARIABLE) && !error.contains(&good),
                "{error}"
            );
        }
    }
}
