//! What is kept in Redis: which events were mailed, addresses, wishes, and what each customer was sent.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use redis::{AsyncCommands as _, RedisResult, SetExpiry, SetOptions, aio::ConnectionManager};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Kind, Preferences, Recipient};

/// How long an attempt at an event may take. A claim lasts as long, so that it only runs out when its holder is dead
/// or has given up; and an event whose consumer was killed is mailed at most that much later.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(8);
/// How long an event is remembered. Kafka keeps messages for a week; older ones do not come again.
const REMEMBERED: Duration = Duration::from_secs(8 * 24 * 3600);
const REMEMBERED_MS: i64 = 8 * 24 * 3600 * 1000;
/// What a customer can look back on, and how long after the last mail.
const HISTORY_MAX: isize = 100;
const HISTORY_KEPT: Duration = Duration::from_secs(180 * 24 * 3600);

/// The Redis connection, which mends itself.
#[derive(Clone)]
pub(crate) struct Store {
    redis: ConnectionManager,
}

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is ours to mail.
    Ours,
    /// It was mailed.
    Sent,
    /// Somebody is at it, or died at it: come back when the claim has run out.
    Taken,
}

/// One mail, as its receiver sees it in the list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Sent {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) sent_at: DateTime<Utc>,
}

impl Store {
    /// Connects lazily; readiness tells when Redis is away.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        // The consumer tries again by itself, and a request should fail fast: no series of attempts to connect.
        let config = redis::aio::ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(1)));
        let client = redis::Client::open(url).context("REDIS_URL")?;
        let redis = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { redis })
    }

    pub(crate) async fn ping(&self) -> RedisResult<()> {
        redis::cmd("PING")
            .query_async(&mut self.redis.clone())
            .await
    }

    /// Claims an event: first step of three (claim, send, mark).
    pub(crate) async fn claim(&self, event: Uuid) -> RedisResult<Claim> {
        let mut redis = self.redis.clone();
        let options = SetOptions::default()
            .conditional_set(redis::ExistenceCheck::NX)
            .with_expiration(SetExpiry::PX(millis(ATTEMPT)));
        let set: Option<String> = redis
            .set_options(event_key(event), "claimed", options)
            .await?;
        if set.is_some() {
            return Ok(Claim::Ours);
        }
        let state: Option<String> = redis.get(event_key(event)).await?;
        Ok(if state.as_deref() == Some("sent") {
            Claim::Sent
        } else {
            Claim::Taken
        })
    }

    /// Marks an event as mailed, and adds the mail to its receiver's list, at once. Doing it again changes nothing.
    pub(crate) async fn mark(&self, user: Uuid, sent: &Sent) -> RedisResult<()> {
        let script = redis::Script::new(
            "if redis.call('GET', KEYS[1]) ~= 'sent' then
               redis.call('SET', KEYS[1], 'sent', 'PX', ARGV[1])
               redis.call('LPUSH', KEYS[2], ARGV[2])
               redis.call('LTRIM', KEYS[2], 0, ARGV[3])
               redis.call('PEXPIRE', KEYS[2], ARGV[4])
             end",
        );
        let entry = serde_json::to_string(sent).expect("plain JSON");
        let mut redis = self.redis.clone();
        let mut call = script.key(event_key(sent.id));
        call.key(history_key(user))
            .arg(millis(REMEMBERED))
            .arg(entry);
        call.arg(HISTORY_MAX - 1).arg(millis(HISTORY_KEPT));
        call.invoke_async(&mut redis).await
    }

    /// Marks an event for which no mail goes out.
    pub(crate) async fn settle(&self, event: Uuid) -> RedisResult<()> {
        self.redis
            .clone()
            .pset_ex(event_key(event), "sent", millis(REMEMBERED))
            .await
    }

    /// Gives a claim back after a failed attempt, so that the next one need not wait for it to run out.
    pub(crate) async fn unclaim(&self, event: Uuid) -> RedisResult<()> {
        self.redis.clone().del(event_key(event)).await
    }

    /// A page of what a customer was sent, newest first, and how many there are.
    pub(crate) async fn history(
        &self,
        user: Uuid,
        (limit, offset): (i64, i64),
    ) -> RedisResult<(Vec<Sent>, i64)> {
        let (first, last) = (offset, offset + limit - 1);
        let key = history_key(user);
        let (entries, total): (Vec<String>, i64) = redis::pipe()
            .lrange(&key, isize_of(first), isize_of(last))
            .llen(&key)
            .query_async(&mut self.redis.clone())
            .await?;
        let sent = entries
            .iter()
            .filter_map(|entry| serde_json::from_str(entry).ok())
            .collect();
        Ok((sent, total))
    }

    /// A customer's address, if an event has told it.
    pub(crate) async fn recipient(&self, user: Uuid) -> RedisResult<Option<Recipient>> {
        let (email, name): (Option<String>, Option<String>) = self
            .redis
            .clone()
            .hmget(user_key(user), &["email", "name"])
            .await?;
        Ok(email
            .zip(name)
            .map(|(email, name)| Recipient::new(email, &name)))
    }

    /// Remembers an address. Events may come out of order: an older one than the one known changes nothing.
    pub(crate) async fn remember(
        &self,
        user: Uuid,
        version: i64,
        to: &Recipient,
    ) -> RedisResult<()> {
        let script = redis::Script::new(
            "if tonumber(redis.call('HGET', KEYS[1], 'version') or -1) < tonumber(ARGV[1]) then
               redis.call('HSET', KEYS[1], 'version', ARGV[1], 'email', ARGV[2], 'name', ARGV[3])
             end",
        );
        let mut redis = self.redis.clone();
        let mut call = script.key(user_key(user));
        call.arg(version)
            .arg(&to.email)
            .arg(&to.name)
            .invoke_async(&mut redis)
            .await
    }

    /// Forgets a customer, all but the version, so that a late copy of an older event does not bring the address back.
    pub(crate) async fn forget(&self, user: Uuid, version: i64) -> RedisResult<()> {
        let key = user_key(user);
        redis::pipe()
            .atomic()
            .del(&[&key, &history_key(user), &preferences_key(user)])
            .hset(&key, "version", version)
            .pexpire(&key, REMEMBERED_MS)
            .exec_async(&mut self.redis.clone())
            .await
    }

    /// What a customer wants to hear about.
    pub(crate) async fn preferences(&self, user: Uuid) -> RedisResult<Preferences> {
        let stored: Option<String> = self.redis.clone().get(preferences_key(user)).await?;
        let read = stored.and_then(|stored| serde_json::from_str(&stored).ok());
        Ok(read.unwrap_or_default())
    }

    /// Changes what a customer wants to hear about.
    pub(crate) async fn set_preferences(&self, user: Uuid, to: Preferences) -> RedisResult<()> {
        let stored = serde_json::to_string(&to).expect("plain JSON");
        self.redis.clone().set(preferences_key(user), stored).await
    }
}

fn event_key(event: Uuid) -> String {
    format!("notification:event:{event}")
}

fn user_key(user: Uuid) -> String {
    format!("notification:user:{user}")
}

fn history_key(user: Uuid) -> String {
    format!("notification:history:{user}")
}

fn preferences_key(user: Uuid) -> String {
    format!("notification:preferences:{user}")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("days fit")
}

fn isize_of(position: i64) -> isize {
    isize::try_from(position).unwrap_or(isize::MAX)
}
