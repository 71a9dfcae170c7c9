//! Delivers webhooks at least once: claimed by lease, signed, sent, marked; retried with backoff up to a limit.
//!
//! Order is not kept: a receiver must look at the state that an event carries, as with the real providers.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use chassis::{
    client::{CallError, EdgeClient, EdgePolicy, Reply},
    config::Secret,
    crash,
    db::Db,
    service::Context,
};
use chrono::{SecondsFormat, Utc};
use futures_util::{StreamExt as _, stream};
use http::HeaderName;
use prometheus::IntCounterVec;
use resilience::Backoff;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use tracing::warn;
use url::Url;
use uuid::Uuid;

use crate::{
    config::Config,
    domain::Provider,
    metrics, signature,
    store::deliveries::{self, Claimed},
};

/// Deliveries taken at once: enough that a statement is shared by many, few enough to be done within the lease.
const BATCH: u32 = 64;
/// Deliveries on the way at once.
const IN_FLIGHT: usize = 16;
/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Longer than a whole batch can take: 64 / 16 rounds of 3 s.
const LEASE: Duration = Duration::from_secs(30);
/// The merchant knows and the row does not: it will be told again.
const AFTER_SEND_BEFORE_MARK: &str = "psp.webhooks.after_send_before_mark";
/// How often is looked for retries that fell due; new events wake the worker by themselves.
const POLL: Duration = Duration::from_millis(200);

pub(super) struct Webhooks {
    pool: Db,
    client: EdgeClient,
    path: String,
    secret: Secret,
    backoff: Backoff,
    delay: Duration,
    wake: Arc<Notify>,
    /// `psp_webhook_deliveries_total{outcome}`: delivered, failed, abandoned.
    outcomes: IntCounterVec,
}

impl Webhooks {
    pub(super) fn new(
        context: &Context,
        config: &Config,
        url: &Url,
        pool: Db,
        wake: Arc<Notify>,
    ) -> anyhow::Result<Self> {
        crash::register(AFTER_SEND_BEFORE_MARK);
        let policy = EdgePolicy {
            deadline: TIMEOUT,
            try_timeout: TIMEOUT,
            ..Default::default()
        };
        Ok(Self {
            pool,
            client: EdgeClient::new(context, "webhook", url.clone(), policy)
                .context("WEBHOOK_URL")?,
            path: url.path().to_owned(),
            secret: config.webhook_secret.clone(),
            backoff: config.webhook_backoff,
            delay: config.webhook_delay,
            wake,
            outcomes: context.metrics.counter(metrics::DELIVERIES),
        })
    }

    /// Works until told to stop. A database that is away is waited for.
    pub(super) async fn run(self, stopping: tokio_util::sync::CancellationToken) {
        while !stopping.is_cancelled() {
            let delivered = self.deliver_due().await.unwrap_or_else(|error| {
                warn!(%error, "cannot look for webhooks to deliver");
                0
            });
            if delivered == BATCH as usize {
                continue;
            }
            let next = async {
                if timeout(POLL, self.wake.notified()).await.is_ok() {
                    sleep(self.delay).await;
                }
            };
            stopping.run_until_cancelled(next).await;
        }
    }

    /// One batch. Returns how many were due.
    async fn deliver_due(&self) -> sqlx::Result<usize> {
        let claimed = deliveries::claim(&self.pool, LEASE, BATCH).await?;
        let due = claimed.len();
        let outcomes: Vec<_> = stream::iter(claimed)
            .map(|delivery| async move {
                let outcome = self.send(&delivery).await;
                (delivery, outcome)
            })
            .buffer_unordered(IN_FLIGHT)
            .collect()
            .await;
        if due > 0 {
            crash::point(AFTER_SEND_BEFORE_MARK);
        }
        let mut delivered = Vec::new();
        for (delivery, outcome) in outcomes {
            match outcome {
                Ok(_) => delivered.push(delivery.id),
                Err(error) => self.note_failure(&delivery, &error).await?,
            }
        }
        if !delivered.is_empty() {
            deliveries::mark_delivered(&self.pool, &delivered).await?;
            self.outcomes
                .with_label_values(&["delivered"])
                .inc_by(delivered.len() as u64);
        }
        Ok(due)
    }

    async fn send(&self, delivery: &Claimed) -> Result<Reply, CallError> {
        let mut call = self
            .client
            .post(&self.path)
            .body("application/json", delivery.payload.clone());
        for (name, value) in self.signature_headers(delivery) {
            call = call.header(HeaderName::from_static(name), &value);
        }
        call.send().await.and_then(Reply::accepted)
    }

    fn signature_headers(&self, delivery: &Claimed) -> Vec<(&'static str, String)> {
        let (now, secret) = (Utc::now(), self.secret.expose());
        match delivery.provider {
            Provider::Stripe => {
                let value = signature::stripe_header(secret, now.timestamp(), &delivery.payload);
                vec![("stripe-signature", value)]
            }
            Provider::Paypal => {
                let id = Uuid::now_v7().to_string();
                let time = now.to_rfc3339_opts(SecondsFormat::Secs, true);
                let value = signature::paypal_header(secret, &id, &time, &delivery.payload);
                vec![
                    ("paypal-transmission-id", id),
                    ("paypal-transmission-time", time),
                    ("paypal-auth-algo", "HMAC-SHA256".to_owned()),
                    ("paypal-transmission-sig", value),
                ]
            }
        }
    }

    async fn note_failure(&self, delivery: &Claimed, error: &CallError) -> sqlx::Result<()> {
        let attempts = delivery.attempts.unsigned_abs();
        let again = self.backoff.allows_another(attempts);
        let retry_after = again.then(|| self.backoff.delay(attempts, &mut rand::rng()));
        let outcome = if again { "failed" } else { "abandoned" };
        self.outcomes.with_label_values(&[outcome]).inc();
        if !again {
            warn!(event = %delivery.id, attempts, %error, "webhook given up");
        }
        deliveries::mark_failed(&self.pool, delivery.id, &error.to_string(), retry_after).await
    }
}
