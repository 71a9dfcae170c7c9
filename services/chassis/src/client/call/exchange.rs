//! One try on the wire: headers out, answer in, and what an error of the transport means.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use resilience::Deadline;

use super::Call;
use crate::{
    client::{CallError, Reply},
    http::REQUEST_ID,
    telemetry::{propagation::TraceContext, request::RequestContext},
};

impl Call {
    /// Sends the request and reads the whole answer; 408, 429 and 5xx are errors.
    pub(super) async fn exchange(&self, deadline: Deadline) -> Result<Reply, CallError> {
        let shared = &self.shared;
        let url = shared
            .base
            .join(&self.path)
            .map_err(|error| CallError::Connect {
                edge: shared.edge.clone(),
                source: error.into(),
            })?;
        let request = shared
            .http
            .request(self.method.clone(), url)
            .headers(self.all_headers(deadline))
            .body(self.body.clone());
        let response = request
            .send()
            .await
            .map_err(|error| self.transport_error(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response
            .bytes()
            .await
            .map_err(|error| self.transport_error(error))?;
        let reply = Reply {
            status,
            headers,
            body,
        };
        if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
            return Err(self.unavailable(reply));
        }
        Ok(reply)
    }

    fn all_headers(&self, deadline: Deadline) -> HeaderMap {
        let mut headers = self.headers.clone();
        let mut insert = |name: HeaderName, value: String| {
            let value = HeaderValue::from_str(&value).expect("ids and numbers are plain text");
            headers.entry(name).or_insert(value);
        };
        insert(REQUEST_ID, RequestContext::correlation_id());
        let left = deadline.to_header_ms(Instant::now());
        insert(HeaderName::from_static(Deadline::HEADER), left.to_string());
        if let Some(tokens) = &self.shared.tokens {
            insert(header::AUTHORIZATION, format!("Bearer {}", tokens.issue()));
        }
        let context = TraceContext::current();
        let context = if self.shared.foreign {
            context.without_baggage()
        } else {
            context
        };
        context.put(&mut headers);
        headers
    }

    fn transport_error(&self, error: reqwest::Error) -> CallError {
        let edge = self.shared.edge.clone();
        if error.is_connect() {
            CallError::Connect {
                edge,
                source: error.into(),
            }
        } else {
            CallError::Lost {
                edge,
                source: error.into(),
            }
        }
    }

    fn unavailable(&self, reply: Reply) -> CallError {
        CallError::Unavailable {
            edge: self.shared.edge.clone(),
            status: reply.status,
            code: reply.problem_code(),
            retry_after: retry_after(&reply.headers),
            reply: Box::new(reply),
        }
    }
}

/// `Retry-After` in seconds; the date form is not used between our services.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()
        .map(Duration::from_secs)
}
