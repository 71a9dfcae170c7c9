//! One call through the edge's policy.

mod exchange;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use resilience::{CallResult, Deadline, Permit, State};
use serde::Serialize;
use tracing::{Instrument as _, info_span, warn};

use super::{CallError, Reply, Shared};
use crate::{http::IDEMPOTENCY_KEY, telemetry::request::RequestContext};

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
        let span = info_span!(
            "http.client",
            otel.name = %self.method,
            otel.kind = "client",
            faultline.edge = %self.shared.edge,
            http.request.method = %self.method,
            url.path = %self.path,
            http.response.status_code = tracing::field::Empty,
        );
        let started = Instant::now();
        let result = self.with_retries(started).instrument(span.clone()).await;
        let outcome = result
            .as_ref()
            .map_or_else(CallError::outcome, |_| "answered");
        if let Ok(reply) = &result {
            span.record("http.response.status_code", reply.status.as_u16());
        }
        self.shared
            .metrics
            .http_client_duration
            .with_label_values(&[self.shared.edge.as_str(), outcome])
            .observe(started.elapsed().as_secs_f64());
        result
    }

    async fn with_retries(&self, started: Instant) -> Result<Reply, CallError> {
        let shared = &self.shared;
        let deadline = self.effective_deadline(started);
        shared.budget.deposit(started);
        let mut attempt = 1;
        // What a later try says (no connection, no time left) does not undo an earlier one that may have been heard.
        let mut in_doubt = None;
        loop {
            let error = match self.attempt(deadline).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let Some(delay) = self.delay_before_retry(&error, attempt, deadline) else {
                let certain = !error.may_have_happened();
                return Err(in_doubt.filter(|_| certain).unwrap_or(error));
            };
            warn!(edge = shared.edge, attempt, %error, "retrying");
            if error.may_have_happened() {
                in_doubt = Some(error);
            }
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    fn effective_deadline(&self, now: Instant) -> Deadline {
        let own = Deadline::after(now, self.deadline.unwrap_or(self.shared.policy.deadline));
        RequestContext::current()
            .deadline
            .map_or(own, |callers| own.min(callers))
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
            || !shared.policy.backoff.allows_another(attempt)
        {
            return None;
        }
        let now = Instant::now();
        let mut delay = shared.policy.backoff.delay(attempt, &mut rand::rng());
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
        let allowed = shared.budget.try_withdraw(now);
        let outcome = if allowed { "made" } else { "refused_by_budget" };
        shared
            .metrics
            .client_retries
            .with_label_values(&[shared.edge.as_str(), outcome])
            .inc();
        allowed.then_some(delay)
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
        let Ok(_turn) = shared.bulkhead.acquire().await else {
            permit.ignore();
            return Err(CallError::BulkheadFull { edge: edge() });
        };
        let timeout = shared.policy.try_timeout.min(left);
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
        permit.record(Instant::now(), verdict);
        self.publish_breaker_state();
        result
    }

    fn breaker_permit(&self, now: Instant) -> Result<Permit, CallError> {
        let shared = &self.shared;
        shared.breaker.try_acquire(now).map_err(|rejected| {
            shared
                .metrics
                .breaker_rejected
                .with_label_values(&[shared.edge.as_str()])
                .inc();
            CallError::BreakerOpen {
                edge: shared.edge.clone(),
                retry_after: rejected.retry_after,
            }
        })
    }

    fn publish_breaker_state(&self) {
        let shared = &self.shared;
        let holds = shared.breaker.state(Instant::now());
        for state in State::ALL {
            shared
                .metrics
                .breaker_state
                .with_label_values(&[shared.edge.as_str(), state.as_str()])
                .set(i64::from(state == holds));
        }
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
