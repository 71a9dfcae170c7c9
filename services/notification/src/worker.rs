//! The consumer: from an event to a mail, once.

use std::time::Duration;

use anyhow::anyhow;
use chassis::{
    client::{CallError, EdgeClient},
    crash,
    events::{Applied, Apply, ApplyError, Event},
};
use chrono::Utc;
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    domain::{Letters, News, Recipient},
    mail::{MailError, Postman},
    metrics::NotificationMetrics,
    store::{Claim, Sent, Store},
};

/// Tries to note that a mail went out before the event is left to come again, and the pause between them. Together
/// well within what is left of an attempt.
const MARK_ATTEMPTS: u32 = 5;
const MARK_PAUSE: Duration = Duration::from_millis(200);

const AFTER_SEND: &str = "notification.after_send_before_mark";
const AFTER_CLAIM: &str = "notification.after_claim_before_send";

/// Consumer group.
pub const GROUP: &str = "notification";

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
        let Some(news) = News::read(event)? else {
            return Ok(Applied::Ignored);
        };
        match self.store.claim(event.id).await.map_err(redis)? {
            Claim::Sent => return Ok(Applied::Duplicate),
            // Its holder marks it, gives it back or is dead: all in less time than a claim lasts. To count this as a
            // failure would make a dead letter of a mail whose consumer was killed.
            Claim::Taken => {
                return Err(ApplyError::Unavailable(anyhow!(
                    "claimed by another consumer"
                )));
            }
            Claim::Ours => {}
        }
        crash::point(AFTER_CLAIM);
        match self.send(event.id, &news).await {
            Ok(Some(sent)) => {
                crash::point(AFTER_SEND);
                self.mark(&news, &sent).await
            }
            Ok(None) => {
                self.store.settle(event.id).await.map_err(redis)?;
                Ok(Applied::Ignored)
            }
            Err(error) => {
                // If this fails too, the claim runs out by itself.
                let _ = self.store.unclaim(event.id).await;
                Err(error)
            }
        }
    }
}

impl Mailer {
    /// The mail as it was handed over, or none if there is nobody who wants it.
    async fn send(&self, event: Uuid, news: &News) -> Result<Option<Sent>, ApplyError> {
        let wishes = self.store.preferences(news.user_id).await.map_err(redis)?;
        if !wishes.allow(news.kind) {
            self.metrics.count(news.kind, "unwanted");
            return Ok(None);
        }
        let Some(to) = self.recipient(news).await? else {
            self.metrics.count(news.kind, "nobody");
            return Ok(None);
        };
        let letter = self.letters.write(news, &to.name);
        let letter = letter.map_err(|error| ApplyError::Poison(error.to_string()))?;
        let subject = letter.subject.clone();
        let handed_over = self.postman.send(event, &to, letter).await;
        handed_over.map_err(|error| self.not_taken(news, error))?;
        Ok(Some(Sent {
            id: event,
            kind: news.kind,
            subject,
            sent_at: Utc::now(),
        }))
    }

    fn not_taken(&self, news: &News, error: MailError) -> ApplyError {
        let (outcome, error) = match error {
            MailError::Final(_) => ("undeliverable", ApplyError::Poison(error.to_string())),
            MailError::Later(_) => ("postponed", ApplyError::Transient(error.into())),
            MailError::Away(_) => ("postponed", ApplyError::Unavailable(error.into())),
        };
        self.metrics.count(news.kind, outcome);
        error
    }

    /// The mail is out: the claim stays, so that nobody sends it again while Redis only hiccups.
    async fn mark(&self, news: &News, sent: &Sent) -> Result<Applied, ApplyError> {
        let mut attempt = 1;
        while let Err(error) = self.store.mark(news.user_id, sent).await {
            if attempt == MARK_ATTEMPTS {
                return Err(redis(error));
            }
            tokio::time::sleep(MARK_PAUSE).await;
            attempt += 1;
        }
        self.metrics.count(news.kind, "sent");
        Ok(Applied::Done)
    }

    async fn keep_address_book(&self, event: &Event) -> Result<(), ApplyError> {
        match event.event_type.as_str() {
            "UserRegistered" | "UserUpdated" => {
                let Address { email, name } = event.parse()?;
                let to = Recipient::new(email, &name);
                self.store
                    .remember(event.subject, event.sequence, &to)
                    .await
                    .map_err(redis)
            }
            "UserDeleted" => self
                .store
                .forget(event.subject, event.sequence)
                .await
                .map_err(redis),
            _ => Ok(()),
        }
    }

    /// From the event, the address book, or else the user service. `None` for a user who is gone.
    async fn recipient(&self, news: &News) -> Result<Option<Recipient>, ApplyError> {
        if news.to.is_some() {
            return Ok(news.to.clone());
        }
        let user = news.user_id;
        if let Some(known) = self.store.recipient(user).await.map_err(redis)? {
            return Ok(Some(known));
        }
        let asked = self
            .users
            .get(&format!("/api/v1/users/{user}"))
            .send()
            .await;
        match asked.and_then(chassis::client::Reply::json::<Address>) {
            Ok(Address { email, name }) => Ok(Some(Recipient::new(email, &name))),
            Err(CallError::Refused { status, .. }) if status.as_u16() == 404 => Ok(None),
            Err(error) => Err(ApplyError::Unavailable(error.into())),
        }
    }
}

fn redis(error: redis::RedisError) -> ApplyError {
    ApplyError::Unavailable(error.into())
}
