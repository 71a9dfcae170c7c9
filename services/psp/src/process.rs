//! Carries out a command at most once a key: effect, answer and event in one transaction.
//!
//! The work runs to its end although the client goes away, as at a real provider. Of several requests with one key at
//! the same time, the first works and the others are refused; should two reach the database all the same (a second
//! process), the key's uniqueness lets one through and gives the other its answer.

mod turns;

use std::{sync::Arc, time::Duration};

use chassis::{crash, db::Db, service::Tasks, telemetry::request::RequestContext};
use chrono::Utc;
use prometheus::IntCounterVec;
use sqlx::PgConnection;
use thiserror::Error;
use tokio::sync::Notify;

pub(crate) use self::turns::Turns;
use crate::{
    domain::{
        Provider,
        command::{Change, Done, Effect, NewPayment},
        payment::Refusal,
    },
    store::{
        self,
        answers::{self, Answer, Keyed, Stored},
        deliveries::{self, NewDelivery},
        payments::Target,
    },
};

/// The work is done and nobody knows: a provider that dies here looks like a lost reply.
pub(crate) const AFTER_COMMIT_BEFORE_ANSWER: &str = "psp.process.after_commit_before_answer";

/// How a provider words what was done.
pub(crate) trait Face: Send + Sync {
    fn provider(&self) -> Provider;
    /// The answer to the request, success or decline.
    fn answer(&self, done: &Done) -> Answer;
    /// The webhook, if there is one for this. `key` is the request's idempotency key.
    fn event(&self, done: &Done, key: Option<&str>) -> Option<NewDelivery>;
}

/// A request that changes something.
pub(crate) struct Job {
    pub(crate) face: &'static dyn Face,
    pub(crate) keyed: Option<Keyed>,
    pub(crate) command: Command,
}

#[derive(Clone)]
pub(crate) enum Command {
    Create(NewPayment),
    Change(Target, Change),
}

/// An answer, and whether it was given before.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) replayed: bool,
}

/// Why there is no answer of the provider's business.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("a request with this key is being worked on")]
    KeyInUse,
    #[error("the key was used for another request")]
    KeyReused,
    #[error("the answer was withheld")]
    Withheld,
    #[error("the work was interrupted")]
    Interrupted,
    #[error("database")]
    Database(#[from] sqlx::Error),
}

/// What came of one try.
enum Attempt {
    Executed {
        answer: Answer,
        withheld: bool,
        effect: &'static str,
    },
    /// The key was used before; nothing was done.
    KeyTaken,
}

/// Carries out commands.
#[derive(Clone)]
pub(crate) struct Processor {
    pub(crate) pool: Db,
    pub(crate) tasks: Tasks,
    pub(crate) processing_delay: Duration,
    pub(crate) hang: Duration,
    /// Tells the webhook worker that there is something to deliver.
    pub(crate) wake: Arc<Notify>,
    /// `psp_commands_total{provider,effect}`
    pub(crate) commands: IntCounterVec,
    pub(crate) turns: Turns,
}

impl Processor {
    pub(crate) async fn run(&self, job: Job) -> Result<Reply, Failure> {
        let provider = job.face.provider();
        let turn = match &job.keyed {
            Some(keyed) => Some(
                self.turns
                    .take(provider, &keyed.key)
                    .ok_or(Failure::KeyInUse)?,
            ),
            None => None,
        };
        let this = self.clone();
        let work = self
            .tasks
            .detach(RequestContext::current().scope(async move {
                let _until_committed = turn;
                this.execute(&job).await
            }));
        let (reply, withheld) = work.await.map_err(|_| Failure::Interrupted)??;
        if withheld {
            self.withhold().await;
            return Err(Failure::Withheld);
        }
        Ok(reply)
    }

    async fn execute(&self, job: &Job) -> Result<(Reply, bool), Failure> {
        if !self.processing_delay.is_zero() && job.command.asks_the_bank() {
            // A repeat is answered at once: the bank is not asked again.
            if let Some(reply) = self.stored(job).await? {
                return Ok((reply, false));
            }
            tokio::time::sleep(self.processing_delay).await;
        }
        let mut tx = self.pool.begin().await?;
        match Self::attempt(&mut tx, job).await? {
            Attempt::Executed {
                answer,
                withheld,
                effect,
            } => {
                tx.commit().await?;
                crash::point(AFTER_COMMIT_BEFORE_ANSWER);
                self.wake.notify_one();
                let labels = [job.face.provider().as_str(), effect];
                self.commands.with_label_values(&labels).inc();
                Ok((
                    Reply {
                        answer,
                        replayed: false,
                    },
                    withheld,
                ))
            }
            Attempt::KeyTaken => {
                tx.rollback().await?;
                let reply = self.stored(job).await?;
                Ok((reply.ok_or(Failure::Interrupted)?, false))
            }
        }
    }

    async fn attempt(conn: &mut PgConnection, job: &Job) -> Result<Attempt, Failure> {
        let (provider, now) = (job.face.provider(), Utc::now());
        let (done, is_new) = match job.command.clone() {
            Command::Create(new) => (new.create(now)?, true),
            Command::Change(target, change) => {
                let locked = store::payments::lock(conn, provider, target).await?;
                let payment = locked.ok_or(Refusal::NotFound)?;
                // Under the lock: whoever repeats a request waits here for the first one and then sees its answer.
                if let Some(keyed) = &job.keyed
                    && answers::find(&mut *conn, provider, keyed).await?.is_some()
                {
                    return Ok(Attempt::KeyTaken);
                }
                (change.apply(payment, now)?, false)
            }
        };
        let answer = job.face.answer(&done);
        if let Some(keyed) = &job.keyed
            && !answers::insert(conn, provider, keyed, &answer).await?
        {
            return Ok(Attempt::KeyTaken);
        }
        store::record(conn, &done, is_new).await?;
        let key = job.keyed.as_ref().map(|keyed| keyed.key.as_str());
        if let Some(event) = job.face.event(&done, key) {
            deliveries::insert(conn, provider, done.payment.id, &event, now).await?;
        }
        let (withheld, effect) = (done.withholds_answer(), effect_name(&done.effect));
        Ok(Attempt::Executed {
            answer,
            withheld,
            effect,
        })
    }

    async fn stored(&self, job: &Job) -> Result<Option<Reply>, Failure> {
        let Some(keyed) = &job.keyed else {
            return Ok(None);
        };
        match answers::find(&self.pool, job.face.provider(), keyed).await? {
            Some(Stored {
                same_request: false,
                ..
            }) => Err(Failure::KeyReused),
            Some(Stored { answer, .. }) => Ok(Some(Reply {
                answer,
                replayed: true,
            })),
            None => Ok(None),
        }
    }

    /// Lets the client wait in vain: until it leaves (then this future is dropped), or for `hang`, or until the service
    /// stops.
    async fn withhold(&self) {
        let stopping = self.tasks.stopping();
        tokio::select! {
            () = tokio::time::sleep(self.hang) => {}
            () = stopping.cancelled() => {}
        }
    }
}

impl Command {
    fn asks_the_bank(&self) -> bool {
        match self {
            Self::Create(new) => new.confirm,
            Self::Change(_, change) => change.asks_the_bank(),
        }
    }
}

fn effect_name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Created => "created",
        Effect::Authorised => "authorised",
        Effect::Captured(_) => "captured",
        Effect::Declined(_) => "declined",
        Effect::Canceled => "canceled",
        Effect::Refunded(_) => "refunded",
    }
}
