//! What a request carries through the service that works on it: its ids, its baggage and its deadline.
//!
//! Kept in a task local, so that a problem document, a log line or a call out finds them without every function in
//! between passing them on.

use std::{fmt::Display, future::Future};

use resilience::Deadline;

use super::baggage::Baggage;

/// Ids, baggage and deadline of the request (or message) being worked on.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    /// From `X-Request-Id` of the caller, or made here.
    pub request_id: String,
    /// W3C trace id, 32 hex digits; empty when no tracer is installed.
    pub trace_id: String,
    /// Who and what it is about.
    pub baggage: Baggage,
    /// When the caller stops waiting.
    pub deadline: Option<Deadline>,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

impl RequestContext {
    /// Runs a future with this context.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The context of the running task; empty outside a request.
    pub fn current() -> Self {
        CURRENT.try_with(Clone::clone).unwrap_or_default()
    }

    /// Notes who or what the request is about, for its spans, its log lines and everybody it calls from here on.
    /// Outside a request it does nothing.
    pub fn note(key: &str, value: impl Display) {
        // Shared by all clones, so that noting on a clone is enough; a context of its own is lost at once.
        Self::current().baggage.note(key, value);
    }

    /// The context for work that goes on when the caller does not wait any more.
    #[must_use]
    pub fn without_deadline(self) -> Self {
        Self {
            deadline: None,
            ..self
        }
    }

    /// The request id, or a new one for work that no request asked for.
    pub fn correlation_id() -> String {
        let id = Self::current().request_id;
        if id.is_empty() { new_request_id() } else { id }
    }
}

/// A new request id.
pub fn new_request_id() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// A caller's request id is taken over if it is harmless: 1 to 64 characters of `[A-Za-z0-9._-]`.
pub fn accepted_request_id(value: &str) -> Option<&str> {
    let harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    ((1..=64).contains(&value.len()) && value.chars().all(harmless)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_that_could_break_a_log_line_is_not_taken_over() {
        assert_eq!(accepted_request_id("abc-1.2_3"), Some("abc-1.2_3"));
        for bad in ["", "a b", "a\nb", "\"", &"x".repeat(65)] {
            assert_eq!(accepted_request_id(bad), None, "{bad:?}");
        }
    }

    #[tokio::test]
    async fn the_context_is_seen_inside_its_scope_and_not_outside() {
        let context = RequestContext {
            request_id: "r1".to_owned(),
            ..Default::default()
        };
        let seen = context
            .scope(async { RequestContext::correlation_id() })
            .await;
        assert_eq!(seen, "r1");
        assert_eq!(RequestContext::current().request_id, "");
    }
}
