//! One call through the edge's policy.

mod exchange;
mod guarded;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use resilience::{CallResult, Deadline};
use serde::Serialize;
use tracing::{Instrument as _, debug};

use super::{CallError, Guards, Reply, Shared, span};
use crate::{
    http::IDEMPOTENCY_KEY,
    metrics::{RETRY_KINDS, RETRY_OUTCOMES},
};

/// A call being put together.
pub struct Call {
    shared: Arc<Shared>,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    idempotent: bool,
    deadline: Option<Duration>,
}

impl Call {
    pub(super) fn new(shared: Arc<Shared>, method: Method, path: &str) -> Self {
        Self {
            shared,
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            idempotent: false,
            deadline: None,
        }
    }

    /// Sending it twice does no harm, so it may be retried.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Sends an `Idempotency-Key`, which makes the call safe to retry.
    #[must_use]
    pub fn idempotency_key(self, key: &str) -> Self {
        self.header(IDEMPOTENCY_KEY, key).idempotent()
    }

    /// Adds a header; a value that is no header value is a programming error.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("header values are plain text");
        self.headers.insert(name, value);
        self
    }

    /// Adds headers that came from somewhere else, as a gateway does.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Sends `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header(header::AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// A JSON body.
    #[must_use]
    pub fn json<T: Serialize>(self, body: &T) -> Self {
        let bytes = serde_json::to_vec(body).expect("our own requests are plain JSON");
        self.body("application/json", bytes)
    }

    /// Any body.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        self.headers
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = bytes.into();
        self
    }

    /// A body whose content type is among the headers already.
    #[must_use]
    pub fn raw_body(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Less (or more) time than the edge's policy gives.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sends it. Any status below 500 other than 408 and 429 is a [`Reply`].
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(self) -> Result<Reply, CallError> {
        let started = Instant::now();
        let (result, tries) = self.with_retries(started).await;
        let outcome = result
            .as_ref()
            .map_or_else(CallError::outcome, |_| "answered");
        let shared = &self.shared;
        let ended = how_it_ended(result.is_ok(), tries);
        let retries = &shared.metrics.retry_calls;
        retries.with_label_values(&[&shared.edge, ended]).inc();
        let durations = &shared.metrics.http_client_duration;
        durations.observe(&[&shared.edge, outcome], started.elapsed());
        result
    }

    /// The result, and how many tries it took.
    async fn with_retries(&self, started: Instant) -> (Result<Reply, CallError>, u32) {
        let shared = &self.shared;
        let deadline = self.effective_deadline(started);
        shared.guards.budget.deposit(started);
        let mut attempt = 1;
        // What a later try says (no connection, no time left) does not undo an earlier one that may have been heard.
        let mut in_doubt = None;
        loop {
            let error = match self.traced_attempt(deadline, attempt).await {
                Ok(reply) => return (Ok(reply), attempt),
                Err(error) => error,
            };
            let Some(delay) = self.delay_before_retry(&error, attempt, deadline) else {
                let certain = !error.may_have_happened();
                let error = in_doubt.filter(|_| certain).unwrap_or(error);
                return (Err(error), attempt);
            };
            // Not a failure yet; each try is a span and counted.
            debug!(edge = shared.edge, attempt, %error, "retrying");
            if error.may_have_happened() {
                in_doubt = Some(error);
            }
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    fn delay_before_retry(
        &self,
        error: &CallError,
        attempt: u32,
        deadline: Deadline,
    ) -> Option<Duration> {
        let shared = &self.shared;
        if !self.idempotent
            || !error.is_worth_a_retry()
            || !shared.guards.policy.backoff.allows_another(attempt)
            || !shared.guards.switches.retry.is_on()
        {
            return None;
        }
        let now = Instant::now();
        let mut delay = shared
            .guards
            .policy
            .backoff
            .delay(attempt, &mut rand::rng());
        if let CallError::Unavailable {
            retry_after: Some(asked),
            ..
        } = error
        {
            delay = delay.max(*asked);
        }
        if deadline.remaining(now).is_none_or(|left| left <= delay) {
            return None;
        }
        let Guards {
            budget, switches, ..
        } = &*shared.guards;
        let allowed = budget.try_withdraw(now) || !switches.retry_budget.is_on();
        let [retried, refused] = RETRY_OUTCOMES;
        let outcome = if allowed { retried } else { refused };
        let attempts = &shared.metrics.retry_attempts;
        attempts.with_label_values(&[&shared.edge, outcome]).inc();
        allowed.then_some(delay)
    }

    async fn traced_attempt(&self, deadline: Deadline, attempt: u32) -> Result<Reply, CallError> {
        let shared = &self.shared;
        let url = shared.base.join(&self.path).ok();
        let breaker = shared.guards.breaker.state(Instant::now());
        let span = span::begin(&shared.edge, &self.method, url, attempt, breaker);
        let result = self.attempt(deadline).instrument(span.clone()).await;
        span::end(&span, &result);
        result
    }

    /// One try: breaker, bulkhead, timeout.
    async fn attempt(&self, deadline: Deadline) -> Result<Reply, CallError> {
        let shared = &self.shared;
        let now = Instant::now();
        let edge = || shared.edge.clone();
        let left = deadline
            .remaining(now)
            .ok_or_else(|| CallError::NoTimeLeft { edge: edge() })?;
        let permit = self.breaker_permit(now)?;
        let Ok(_turn) = self.turn().await else {
            if let Some(permit) = permit {
                permit.ignore(Instant::now());
            }
            return Err(CallError::BulkheadFull { edge: edge() });
        };
        let timeout = self.try_timeout().min(left);
        let result = tokio::time::timeout(timeout, self.exchange(deadline))
            .await
            .unwrap_or_else(|_| {
                Err(CallError::Timeout {
                    edge: edge(),
                    after: timeout,
                })
            });
        let verdict = match &result {
            Err(error) if counts_as_failure(error) => CallResult::Failure,
            _ => CallResult::Success,
        };
        if let Some(permit) = permit {
            permit.record(Instant::now(), verdict);
        }
        result
    }
}

/// Resilience4j's word for a call of so many tries.
fn how_it_ended(well: bool, tries: u32) -> &'static str {
    let [at_once, after_all, failed_at_once, failed_again] = RETRY_KINDS;
    match (well, tries > 1) {
        (true, false) => at_once,
        (true, true) => after_all,
        (false, false) => failed_at_once,
        (false, true) => failed_again,
    }
}

/// What counts against the neighbour's health. A refusal or a full bulkhead says nothing about it, nor does 429, which
/// is the neighbour's own protection at work.
fn counts_as_failure(error: &CallError) -> bool {
    match error {
        CallError::Unavailable { status, .. } => *status != StatusCode::TOO_MANY_REQUESTS,
        CallError::Connect { .. } | CallError::Timeout { .. } | CallError::Lost { .. } => true,
        _ => false,
    }
}
