//! Events: written with the state they tell of, relayed at least once, applied exactly once.
//!
//! The way of an event: [`outbox`] (same transaction as the state) → [`relay`] (to Kafka) → [`consumer`] (from Kafka) →
//! [`inbox`] (same transaction as the effect). What cannot be applied ends in [`dead_letters`]. The chassis owns the
//! envelope; what is inside `data` belongs to the service that writes it.

pub mod consumer;
pub mod dead_letters;
pub mod envelope;
pub mod inbox;
mod kafka;
pub mod outbox;
mod producer;
pub mod relay;
mod span;

use std::{future::Future, time::Duration};

use thiserror::Error;

pub use self::{
    consumer::{Consumer, ConsumerConfig, Delivery},
    envelope::{Event, NewEvent},
    inbox::{Handle, Inbox},
    kafka::{TopicError, ensure_topics},
    outbox::Outbox,
    relay::{Relay, RelayConfig},
};
use crate::db;

/// Topic for what could not be applied.
pub fn dead_letter_topic(topic: &str) -> String {
    format!("{topic}.dlq")
}

/// What a consumer does with an event. Applying the same event again must have no second effect.
pub trait Apply: Send + Sync + 'static {
    /// Most events that are applied together. One where an effect cannot be taken back, like a mail.
    const TOGETHER_MAX: usize = 1;

    /// Applies one event. For PostgreSQL, [`Inbox`] does this with a transaction around a [`Handle`].
    fn apply(&self, event: &Event) -> impl Future<Output = Result<Applied, ApplyError>> + Send;

    /// Applies several in their order, each [within](Delivery::within) its own span. Who raises
    /// [`TOGETHER_MAX`](Self::TOGETHER_MAX) does it as a whole: after an error none of them has had its effect.
    fn apply_together(
        &self,
        deliveries: &[Delivery],
    ) -> impl Future<Output = Result<Vec<Applied>, ApplyError>> + Send {
        async move {
            let mut applied = Vec::with_capacity(deliveries.len());
            for delivery in deliveries {
                applied.push(delivery.within(self.apply(&delivery.event)).await?);
            }
            Ok(applied)
        }
    }
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It had its effect now.
    Done,
    /// It had its effect before.
    Duplicate,
    /// It does not concern this consumer.
    Ignored,
}

impl Applied {
    fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
        }
    }
}

/// Why an event could not be applied, which decides what happens to it.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// It will never work: dead letter at once.
    #[error("poison: {0}")]
    Poison(String),
    /// It may work later: retried, and dead-lettered when it keeps failing.
    #[error("{0:#}")]
    Transient(anyhow::Error),
    /// What it needs is away (database, Redis): retried for ever, because every other event would fail likewise.
    #[error("unavailable: {0:#}")]
    Unavailable(anyhow::Error),
}

impl From<sqlx::Error> for ApplyError {
    fn from(error: sqlx::Error) -> Self {
        if db::is_transient(&error) {
            Self::Unavailable(error.into())
        } else {
            Self::Transient(error.into())
        }
    }
}

/// Exponential backoff from 50 ms up to `max`, with a random half, so that instances do not step in time.
fn backoff(attempt: u32, max: Duration) -> Duration {
    let full = Duration::from_millis(50)
        .saturating_mul(1 << attempt.min(16))
        .min(max);
    full.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_to_its_limit_and_never_overflows() {
        let max = Duration::from_secs(1);
        assert!(backoff(0, max) <= Duration::from_millis(50));
        assert!(backoff(3, max) >= Duration::from_millis(200));
        assert!(backoff(u32::MAX, max) <= max);
    }

    #[test]
    fn an_unreachable_database_is_not_the_events_fault() {
        assert!(matches!(
            ApplyError::from(sqlx::Error::PoolTimedOut),
            ApplyError::Unavailable(_)
        ));
        assert!(matches!(
            ApplyError::from(sqlx::Error::RowNotFound),
            ApplyError::Transient(_)
        ));
    }
}
