//! One signing key: RSA 2048 with its public half as a JWK, named by the JWK's thumbprint (RFC 7638).

use anyhow::Context as _;
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chassis::auth::UserClaims;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};

/// A key that can sign.
pub(crate) struct Pair {
    kid: String,
    jwk: Jwk,
    key: EncodingKey,
}

impl Pair {
    /// A fresh key and its private half as PKCS#8 DER. Takes a good part of a second: run it on a blocking thread.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub(crate) fn generate() -> anyhow::Result<(Self, Vec<u8>)> {
        let pair = KeyPair::generate(KeySize::Rsa2048).context("generating an RSA key")?;
        let der: Pkcs8V1Der<'_> = pair.as_der().context("encoding an RSA key")?;
        let der = der.as_ref().to_vec();
        Ok((Self::from_pkcs8(&der)?, der))
    }

    /// The key of a stored private half.
    ///
    /// # Errors
    /// It is not an RSA key in PKCS#8.
    pub(crate) fn from_pkcs8(der: &[u8]) -> anyhow::Result<Self> {
        // The PEM reader is the only constructor that takes PKCS#8.
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            STANDARD.encode(der)
        );
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).context("a stored private key")?;
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256)?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, jwk, key })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The public half.
    pub(crate) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// A signed token.
    ///
    /// # Errors
    /// None that a caller could cause.
    pub(crate) fn sign(&self, claims: &UserClaims) -> anyhow::Result<String> {
        let header = Header {
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::RS256)
        };
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}
