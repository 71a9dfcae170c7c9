//! The HTTP client under the OTLP exporters: small, bounded, and not taken in by an answer that is no OTLP.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use opentelemetry_http::{Bytes, HttpClient, HttpError};

use crate::client::{Transport, TransportError};

/// Sends what an exporter encoded: telemetry must not depend on an edge's policy, nor show up as a call of the business.
#[derive(Clone)]
pub(super) struct Client {
    transport: Transport,
    timeout: Duration,
}

impl Client {
    /// `timeout` is for one try, from the first byte out to the last byte in.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            transport: Transport::new(timeout, 1),
            timeout,
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = tokio::time::timeout(self.timeout, self.transport.send(request)).await?;
        let response = sent.map_err(TransportError::into_cause)?;
        let status = response.status();
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .map_or(&b""[..], |kind| kind.as_bytes());
        if status.is_success() && !kind.starts_with(b"application/x-protobuf") {
            // Somebody else lives at this address. Not retryable: it will say the same again.
            let refusal = Response::builder().status(StatusCode::UNPROCESSABLE_ENTITY);
            return Ok(refusal.body(Bytes::new())?);
        }
        Ok(response)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpClient for Client {
    fn send_bytes<'client, 'sending>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sending>>
    where
        'client: 'sending,
        Self: 'sending,
    {
        Box::pin(self.send(request))
    }
}
