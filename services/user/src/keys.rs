//! The keys that sign access tokens: made at the first start, shared by all instances, rotated on demand.
//!
//! The database is the truth; an instance keeps what it read. It signs with a key that it read at most
//! [`FRESH`] ago, so after a rotation every instance follows within that time, and a retired key stays published for
//! the life of a token and [`SLACK_S`] more. A key id that is not known is looked up once, because another instance may
//! have rotated.

mod pair;
mod sealer;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chassis::{
    auth::{AuthError, KeySource, StaticKeys},
    db::Db,
};
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use jsonwebtoken::{DecodingKey, jwk::JwkSet};
use tokio::sync::Mutex;
use tracing::{info, warn};

pub(crate) use self::pair::Pair;
use self::sealer::Sealer;
use crate::store::signing_keys::{self, NewKey};

/// How old knowledge of the active key may be when it signs.
const FRESH: Duration = Duration::from_secs(30);
/// Made-up key ids reach the database at most this often.
const LOOKUP_INTERVAL_MIN: Duration = Duration::from_secs(1);
/// Longest wait for the ring, others' reading included: with the pool's own limit that is when the database is away.
const RELOAD_MAX: Duration = Duration::from_secs(2);
/// Covers [`FRESH`] and clocks that are a little apart.
const SLACK_S: u32 = 120;

/// The key ring of this instance.
#[derive(Clone)]
pub(crate) struct Keys(Arc<Inner>);

struct Inner {
    pool: Db,
    sealer: Sealer,
    /// How long the tokens live that these keys sign.
    token_lifetime_s: u32,
    ring: RwLock<Ring>,
    verifying: StaticKeys,
    /// Held from reading to writing the ring, so that what was read first cannot replace what was read later.
    reloading: Mutex<()>,
    /// When an unknown id was looked up last. Held meanwhile, so that a crowd asks once.
    lookup: Mutex<Option<Instant>>,
}

struct Ring {
    active: Arc<Pair>,
    published: HashMap<String, Arc<Pair>>,
    read_at: Instant,
}

/// What a rotation did.
pub(crate) struct Rotation {
    pub(crate) kid: String,
    pub(crate) previous: Option<(String, DateTime<Utc>)>,
}

impl Keys {
    /// Makes the first key if there is none, and reads the ring.
    ///
    /// # Errors
    /// The database's; keys that `key_encryption_key` does not open.
    pub(crate) async fn open(
        pool: &Db,
        key_encryption_key: &[u8; 32],
        token_lifetime_s: u32,
    ) -> anyhow::Result<Self> {
        let sealer = Sealer::new(key_encryption_key);
        ensure_active(pool, &sealer).await?;
        let ring = read(pool, &sealer, &HashMap::new()).await?;
        let verifying = StaticKeys::default();
        verifying.replace(&ring.jwks())?;
        Ok(Self(Arc::new(Inner {
            pool: pool.clone(),
            sealer,
            token_lifetime_s,
            ring: RwLock::new(ring),
            verifying,
            reloading: Mutex::default(),
            lookup: Mutex::default(),
        })))
    }

    /// The key that signs now. Ask before opening a transaction: it may have to be read on a connection of its own.
    ///
    /// # Errors
    /// The database's, if the ring has to be read again.
    pub(crate) async fn signer(&self) -> anyhow::Result<Arc<Pair>> {
        if self.ring(|ring| ring.read_at.elapsed() > FRESH) {
            self.reload().await?;
        }
        Ok(self.ring(|ring| Arc::clone(&ring.active)))
    }

    /// The public halves. Read from the database, because another instance may have rotated a moment ago and whoever
    /// asks has probably just seen the new key's id; from memory when the database is away.
    pub(crate) async fn jwks(&self) -> JwkSet {
        if let Err(error) = self.reload().await {
            warn!(
                error = format!("{error:#}"),
                "publishing the keys that are in memory"
            );
        }
        self.ring(Ring::jwks)
    }

    /// A new key signs from now on.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn rotate(&self) -> anyhow::Result<Rotation> {
        let (pair, der) = generate().await?;
        let inner = &self.0;
        let mut tx = inner.pool.begin().await?;
        signing_keys::lock(&mut tx).await?;
        let published_s = inner.token_lifetime_s.saturating_add(SLACK_S);
        let previous = signing_keys::retire(&mut tx, published_s).await?;
        insert(&mut tx, &inner.sealer, &pair, &der).await?;
        tx.commit().await?;
        self.reload().await?;
        info!(kid = pair.kid(), "signing key rotated");
        Ok(Rotation {
            kid: pair.kid().to_owned(),
            previous,
        })
    }

    /// Reads the ring again; in time or not at all, because a crowd that waits for a hung database must not line up.
    async fn reload(&self) -> anyhow::Result<()> {
        tokio::time::timeout(RELOAD_MAX, self.read_again())
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))
    }

    async fn read_again(&self) -> anyhow::Result<()> {
        let inner = &self.0;
        let _reloading = inner.reloading.lock().await;
        let known = self.ring(|ring| ring.published.clone());
        let ring = read(&inner.pool, &inner.sealer, &known).await?;
        inner.verifying.replace(&ring.jwks())?;
        *inner.ring.write().expect("no panic while held") = ring;
        Ok(())
    }

    fn ring<T>(&self, look: impl FnOnce(&Ring) -> T) -> T {
        look(&self.0.ring.read().expect("no panic while held"))
    }

    /// Reads the ring again for an id that is not in it, unless that was done a moment ago.
    async fn look_up(&self, kid: &str) -> Result<(), AuthError> {
        let mut looked_up = self.0.lookup.lock().await;
        let known = self.ring(|ring| ring.published.contains_key(kid));
        if known || looked_up.is_some_and(|at| at.elapsed() < LOOKUP_INTERVAL_MIN) {
            return Ok(());
        }
        self.reload().await.map_err(AuthError::KeysUnavailable)?;
        *looked_up = Some(Instant::now());
        Ok(())
    }
}

impl KeySource for Keys {
    fn key<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<DecodingKey>, AuthError>> {
        Box::pin(async move {
            if self.ring(|ring| !ring.published.contains_key(kid)) {
                self.look_up(kid).await?;
            }
            self.0.verifying.key(kid).await
        })
    }
}

impl Ring {
    fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: self
                .published
                .values()
                .map(|pair| pair.jwk().clone())
                .collect(),
        }
    }
}

/// Reads what is published; opens only what is not known yet.
async fn read(
    pool: &Db,
    sealer: &Sealer,
    known: &HashMap<String, Arc<Pair>>,
) -> anyhow::Result<Ring> {
    let mut conn = pool.acquire().await?;
    let rows = signing_keys::published(&mut conn).await?;
    let mut active = None;
    let mut published = HashMap::with_capacity(rows.len());
    for row in rows {
        let pair = match known.get(&row.kid) {
            Some(pair) => Arc::clone(pair),
            None => Arc::new(Pair::from_pkcs8(
                &sealer.open(&row.kid, &row.private_sealed)?,
            )?),
        };
        if row.active {
            active = Some(Arc::clone(&pair));
        }
        published.insert(row.kid, pair);
    }
    let active = active.context("there is no active signing key")?;
    Ok(Ring {
        active,
        published,
        read_at: Instant::now(),
    })
}

/// Of several instances that start at once on an empty database, one makes the key; the others wait and find it.
async fn ensure_active(pool: &Db, sealer: &Sealer) -> anyhow::Result<()> {
    let mut tx = pool.begin().await?;
    if signing_keys::active(&mut tx).await?.is_some() {
        return Ok(());
    }
    signing_keys::lock(&mut tx).await?;
    if signing_keys::active(&mut tx).await?.is_none() {
        let (pair, der) = generate().await?;
        insert(&mut tx, sealer, &pair, &der).await?;
        info!(kid = pair.kid(), "first signing key made");
    }
    tx.commit().await?;
    Ok(())
}

async fn insert(
    conn: &mut sqlx::PgConnection,
    sealer: &Sealer,
    pair: &Pair,
    der: &[u8],
) -> anyhow::Result<()> {
    let key = NewKey {
        kid: pair.kid(),
        private_sealed: &sealer.seal(pair.kid(), der),
    };
    Ok(signing_keys::insert(conn, key).await?)
}

async fn generate() -> anyhow::Result<(Pair, Vec<u8>)> {
    tokio::task::spawn_blocking(Pair::generate)
        .await
        .context("key generation panicked")?
}
