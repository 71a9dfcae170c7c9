//! The HTTP client under the OTLP exporters: small, bounded, and not taken in by an answer that is no OTLP.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_sdk::error::OTelSdkResult;
use prost::Message as _;

use super::queue::Refused;
use crate::client::{Transport, TransportError};

/// Sends what an exporter encoded: telemetry must not depend on an edge's policy, nor show up as a call of the business.
#[derive(Clone)]
pub(super) struct Client {
    transport: Transport,
    timeout: Duration,
    /// What the last answer refused: the SDK does not tell.
    refused: Arc<Mutex<Option<Refused>>>,
}

/// The answer to an export of traces or of logs: one shape on the wire, whatever is counted.
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl Client {
    /// `timeout` is for one try, from the first byte out to the last byte in.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            transport: Transport::new(timeout, 1),
            timeout,
            refused: Arc::default(),
        }
    }

    /// Whether all of the batch was taken that has just been sent.
    pub(super) fn taken(&self, items: usize, sent: OTelSdkResult) -> Result<(), Refused> {
        let refused = self.refused.lock().expect("no panic while held").take();
        match (sent, refused) {
            (Err(error), _) => Err(Refused {
                items,
                reason: error.to_string(),
            }),
            (Ok(()), Some(refused)) => Err(refused),
            (Ok(()), None) => Ok(()),
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
        if status.is_success() {
            *self.refused.lock().expect("no panic while held") = refusal(response.body());
        }
        Ok(response)
    }
}

/// An endpoint that cannot keep a part says how many; with none, its message is a warning.
fn refusal(body: &Bytes) -> Option<Refused> {
    let said = Answer::decode(body.clone()).ok()?.partial_success?;
    let items = usize::try_from(said.rejected).ok()?;
    (items > 0).then_some(Refused {
        items,
        reason: said.error_message,
    })
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
