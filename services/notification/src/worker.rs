//! The consumer: from an event to a mail, once.

use chassis::{
    client::{CallError, EdgeClient},
    crash,
    events::{Applied, Apply, ApplyError, Event},
};
use chrono::Utc;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    domain::{Letters, News},
    mail::{MailError, Postman, Recipient},
    metrics::NotificationMetrics,
    store::{Claim, Sent, Store},
};

/// Consumer group.
pub(crate) const CONSUMER: &str = "notification";
/// Topics with news for customers.
pub(crate) const TOPICS: [&str; 3] = ["user.events", "order.events", "payment.events"];

const AFTER_SEND: &str = "notification.after_send_before_mark";
const AFTER_CLAIM: &str = "notification.after_claim_before_send";

/// Turns events into mails.
pub(crate) struct Mailer {
    pub(crate) store: Store,
    pub(crate) letters: Letters,
    pub(crate) postman: Postman,
    pub(crate) users: EdgeClient,
    pub(crate) metrics: NotificationMetrics,
}

/// What is read of a user, from events and from the user service.
#[derive(Debug, Deserialize)]
struct Address {
    email: String,
    name: String,
}

/// Makes the crash points known.
pub(crate) fn register_crash_points() {
    crash::register(AFTER_CLAIM);
    crash::register(AFTER_SEND);
}

impl Apply for Mailer {
    async fn apply(&self, event: &Event) -> Result<Applied, ApplyError> {
        self.keep_address_book(event).await?;
        let Some(news) = News::read(event)? else { return Ok(Applied::Ignored) };
        match self.store.claim(event.id).await.map_err(redis)? {
            Claim::Sent => return Ok(Applied::Duplicate),
            Claim::Taken => {
                return Err(ApplyError::Transient(anyhow::anyhow!("claimed by another consumer")));
            }
            Claim::Ours => {}
        }
        crash::point(AFTER_CLAIM);
        let mailed = self.mail(event.id, &news).await;
        if mailed.is_err() {
            // If this fails too, the claim runs out by itself.
            let _ = self.store.unclaim(event.id).await;
        }
        mailed
    }
}

impl Mailer {
    async fn mail(&self, event: Uuid, news: &News) -> Result<Applied, ApplyError> {
        let wishes = self.store.preferences(news.user_id).await.map_err(redis)?;
        let to = if wishes.allow(news.kind) { self.recipient(news.user_id).await? } else { None };
        let Some(to) = to else {
            self.metrics.count(news.kind, "unwanted");
            self.store.settle(event).await.map_err(redis)?;
            return Ok(Applied::Ignored);
        };
        let letter = self.letters.write(news, &to.name);
        let letter = letter.map_err(|error| ApplyError::Poison(error.to_string()))?;
        let subject = letter.subject.clone();
        match self.postman.send(event, &to, letter).await {
            Ok(()) => {}
            Err(MailError::Final(why)) => {
                self.metrics.count(news.kind, "undeliverable");
                return Err(ApplyError::Poison(why));
            }
            Err(error @ MailError::Later(_)) => return Err(ApplyError::Unavailable(error.into())),
        }
        crash::point(AFTER_SEND);
        let sent = Sent { id: event, kind: news.kind, subject, sent_at: Utc::now() };
        self.store.mark(news.user_id, &sent).await.map_err(redis)?;
        self.metrics.count(news.kind, "sent");
        Ok(Applied::Done)
    }

    async fn keep_address_book(&self, event: &Event) -> Result<(), ApplyError> {
        match event.event_type.as_str() {
            "UserRegistered" | "UserUpdated" => {
                let Address { email, name } = event.parse()?;
                let to = Recipient { email, name };
                self.store.remember(event.subject, event.sequence, &to).await.map_err(redis)
            }
            "UserDeleted" => self.store.forget(event.subject).await.map_err(redis),
            _ => Ok(()),
        }
    }

    /// From the address book, or else from the user service. `None` for a user who is gone.
    async fn recipient(&self, user: Uuid) -> Result<Option<Recipient>, ApplyError> {
        if let Some(known) = self.store.recipient(user).await.map_err(redis)? {
            return Ok(Some(known));
        }
        let asked = self.users.get(&format!("/api/v1/users/{user}")).send().await;
        match asked.and_then(chassis::client::Reply::json::<Address>) {
            Ok(Address { email, name }) => Ok(Some(Recipient { email, name })),
            Err(CallError::Refused { status, .. }) if status.as_u16() == 404 => Ok(None),
            Err(error) => Err(ApplyError::Unavailable(error.into())),
        }
    }
}

fn redis(error: redis::RedisError) -> ApplyError {
    ApplyError::Unavailable(error.into())
}
