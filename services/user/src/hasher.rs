//! Password hashing: Argon2id on blocking threads, behind a bulkhead.
//!
//! The parameters are the leanest of OWASP's equivalent settings (m = 7 MiB, t = 5, p = 1):
//! <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>. The service may not use more than
//! 30 MB, so the working memory of one hash is kept and reused, and no more than that.

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, anyhow};
use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString},
};
use aws_lc_rs::rand;
use resilience::Bulkhead;
use thiserror::Error;

use crate::{config::HashingLimits, domain::Password};

const MEMORY_KIB: u32 = 7168;
const PASSES: u32 = 5;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub(crate) struct Hasher {
    places: Bulkhead,
    workspace: Workspace,
    /// Verified against when there is no such account, so that the answer takes as long as for one that exists.
    dummy: Arc<str>,
}

/// Why a password was neither hashed nor verified.
#[derive(Debug, Error)]
pub(crate) enum HashError {
    /// As many as allowed are waiting already; or the wait was too long.
    #[error("password hashing is at its limit")]
    Busy,
    /// A stored hash that cannot be read, or a bug.
    #[error("password hashing failed")]
    Failed(#[source] anyhow::Error),
}

impl Hasher {
    /// A hasher with its limits.
    ///
    /// # Errors
    /// None that the parameters above could cause.
    pub(crate) fn new(limits: HashingLimits) -> anyhow::Result<Self> {
        let workspace = Workspace::default();
        let mut nobody = [0; 32];
        rand::fill(&mut nobody)?;
        let dummy = workspace.lend(|blocks| hash(&nobody, blocks))?;
        Ok(Self {
            places: Bulkhead::new(limits.concurrency, limits.wait)
                .with_max_waiting(limits.waiting_max),
            workspace,
            dummy: dummy.into(),
        })
    }

    /// A hash to be stored, in PHC form.
    ///
    /// # Errors
    /// [`HashError`]
    pub(crate) async fn hash(&self, password: Password) -> Result<String, HashError> {
        self.run(move |blocks| hash(password.expose(), blocks))
            .await
    }

    /// Whether the password belongs to the hash. Without a hash the answer is no, and takes as long.
    ///
    /// # Errors
    /// [`HashError`]
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<bool, HashError> {
        let dummy = Arc::clone(&self.dummy);
        self.run(move |blocks| {
            let phc = stored.as_deref().unwrap_or(&dummy);
            Ok(verify(password.expose(), phc, blocks)? && stored.is_some())
        })
        .await
    }

    async fn run<T, W>(&self, work: W) -> Result<T, HashError>
    where
        T: Send + 'static,
        W: FnOnce(&mut Vec<Block>) -> anyhow::Result<T> + Send + 'static,
    {
        let place = self.places.acquire().await.map_err(|_| HashError::Busy)?;
        let workspace = self.workspace.clone();
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that goes away does not make room that is not there.
            let _place = place;
            workspace.lend(work)
        });
        done.await
            .context("hashing panicked")
            .flatten()
            .map_err(HashError::Failed)
    }
}

/// Working memory that is not in use: of the last hash, because new memory has to be cleared by the kernel first. What a
/// burst needed besides goes back.
#[derive(Clone, Default)]
struct Workspace(Arc<Mutex<Option<Vec<Block>>>>);

impl Workspace {
    fn lend<T>(&self, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let mut blocks = self.idle().take().unwrap_or_default();
        let result = work(&mut blocks);
        *self.idle() = Some(blocks);
        result
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<Vec<Block>>> {
        self.0.lock().expect("no panic while held")
    }
}

fn hash(password: &[u8], blocks: &mut Vec<Block>) -> anyhow::Result<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_BYTES)).map_err(fault)?;
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt)?;
    let output = derive(password, &salt, &params, HASH_BYTES, blocks)?;
    let salt = SaltString::encode_b64(&salt).map_err(fault)?;
    let phc = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).map_err(fault)?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(phc.to_string())
}

/// Uses the parameters that are in the stored hash, so that ours can be raised later.
fn verify(password: &[u8], phc: &str, blocks: &mut Vec<Block>) -> anyhow::Result<bool> {
    let stored = PasswordHash::new(phc).map_err(fault)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(anyhow!("a stored hash has no salt or no output"));
    };
    let params = Params::try_from(&stored).map_err(fault)?;
    let output = derive(password, &decode(salt)?, &params, expected.len(), blocks)?;
    // Compared in constant time.
    Ok(output == expected)
}

fn derive(
    password: &[u8],
    salt: &[u8],
    params: &Params,
    length: usize,
    blocks: &mut Vec<Block>,
) -> anyhow::Result<Output> {
    blocks.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(password, salt, out, blocks)?)
    })
    .map_err(fault)
}

fn decode(salt: Salt<'_>) -> anyhow::Result<Vec<u8>> {
    let mut bytes = [0; Salt::MAX_LENGTH];
    Ok(salt.decode_b64(&mut bytes).map_err(fault)?.to_vec())
}

/// The crate's errors carry no source and are no `std` errors without its feature; their text is all there is.
fn fault(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("argon2: {error}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hasher(concurrency: usize, waiting_max: usize) -> Hasher {
        let wait = Duration::from_secs(20);
        Hasher::new(HashingLimits {
            concurrency,
            waiting_max,
            wait,
        })
        .unwrap()
    }

    fn password(text: &str) -> Password {
        Password::claimed(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_verifies_its_password_and_no_other() {
        let hasher = hasher(2, 8);
        let stored = hasher.hash(password("correct horse")).await.unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"),
            "{stored}"
        );
        assert!(
            hasher
                .verify(password("correct horse"), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(
            !hasher
                .verify(password("wrong horse"), Some(stored))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn nobody_has_the_dummys_password() {
        let hasher = hasher(2, 8);
        assert!(!hasher.verify(password(""), None).await.unwrap());
    }

    #[tokio::test]
    async fn our_hashes_are_those_of_the_crates_own_verifier() {
        use argon2::PasswordVerifier as _;
        let stored = hasher(1, 1).hash(password("correct horse")).await.unwrap();
        let parsed = PasswordHash::new(&stored).unwrap();
        assert!(
            Argon2::default()
                .verify_password(b"correct horse", &parsed)
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let hasher = hasher(1, 1);
        let attempts = (0..8).map(|_| hasher.verify(password("x"), None));
        let results = futures_util::future::join_all(attempts).await;
        let busy = results
            .iter()
            .filter(|r| matches!(r, Err(HashError::Busy)))
            .count();
        assert_eq!(busy, 6);
    }

    #[tokio::test]
    async fn a_damaged_hash_is_our_fault_not_the_clients() {
        let result = hasher(1, 1)
            .verify(password("x"), Some("$argon2id$".to_owned()))
            .await;
        assert!(matches!(result, Err(HashError::Failed(_))));
    }
}
