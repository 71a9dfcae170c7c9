//! One try on the wire: headers out, answer in, and what an error of the transport means.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use resilience::Deadline;

use super::Call;
use crate::{
    client::{CallError, Reply, TransportError},
    http::REQUEST_ID,
    telemetry::{propagation::TraceContext, request::RequestContext},
};

impl Call {
    /// Sends the request and reads the whole answer; 408, 429 and 5xx are errors.
    pub(super) async fn exchange(&self, deadline: Deadline) -> Result<Reply, CallError> {
        let request = self.wire_request(deadline).map_err(TransportError::Connect);
        let answered = match request {
            Ok(request) => self.shared.transport.send(request).await,
            Err(error) => Err(error),
        };
        let (head, body) = answered.map_err(|error| self.failed(error))?.into_parts();
        let status = head.status;
        let reply = Reply {
            status,
            headers: head.headers,
            body,
        };
        if status.is_server_error() || matches!(status.as_u16(), 408 | 429) {
            return Err(self.unavailable(reply));
        }
        Ok(reply)
    }

    fn wire_request(&self, deadline: Deadline) -> anyhow::Result<Request<Bytes>> {
        let url = self.shared.base.join(&self.path)?;
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = url.as_str().parse()?;
        *request.headers_mut() = self.all_headers(deadline);
        Ok(request)
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

    fn failed(&self, error: TransportError) -> CallError {
        let edge = self.shared.edge.clone();
        match error {
            TransportError::Connect(source) => CallError::Connect { edge, source },
            TransportError::Lost(source) => CallError::Lost { edge, source },
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
