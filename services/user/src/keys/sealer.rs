//! Encryption of private keys at rest: AES-256-GCM, a random nonce each, bound to the key's id.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use thiserror::Error;

/// Seals and opens under the key encryption key.
pub(crate) struct Sealer(RandomizedNonceKey);

/// Sealed under another key, for another id, or damaged: which one cannot be told.
#[derive(Debug, Error)]
#[error(
    "the key {kid} cannot be decrypted: KEY_ENCRYPTION_KEY is not the one it was encrypted with, or the row is damaged"
)]
pub(crate) struct CannotOpen {
    kid: String,
}

impl Sealer {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(RandomizedNonceKey::new(&AES_256_GCM, key).expect("AES-256 takes 32 bytes"))
    }

    /// Nonce, ciphertext and tag.
    pub(crate) fn seal(&self, kid: &str, secret: &[u8]) -> Vec<u8> {
        let mut sealed = secret.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(kid), &mut sealed)
            .expect("sealing a few kilobytes does not fail");
        [nonce.as_ref().as_slice(), &sealed].concat()
    }

    /// What was sealed for this id.
    ///
    /// # Errors
    /// [`CannotOpen`]
    pub(crate) fn open(&self, kid: &str, sealed: &[u8]) -> Result<Vec<u8>, CannotOpen> {
        let failed = || CannotOpen {
            kid: kid.to_owned(),
        };
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(failed)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut buffer = sealed.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(kid), &mut buffer);
        opened.map(|secret| secret.to_vec()).map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_can_be_opened_and_is_never_sealed_alike_twice() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("k1", b"secret");
        assert_eq!(sealer.open("k1", &sealed).unwrap(), b"secret");
        assert_ne!(sealer.seal("k1", b"secret"), sealed);
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn another_key_another_id_or_a_flipped_bit_opens_nothing() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("k1", b"secret");
        assert!(Sealer::new(&[8; 32]).open("k1", &sealed).is_err());
        assert!(sealer.open("k2", &sealed).is_err());
        assert!(sealer.open("k1", &sealed[..5]).is_err());
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert!(sealer.open("k1", &damaged).is_err(), "byte {at}");
        }
    }
}
