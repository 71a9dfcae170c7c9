//! HTTP/1.1 over plain TCP with a pool of connections, which is all that services need among themselves: no TLS, no
//! redirects, no cookies, and no proxy that the environment may name.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

/// Larger than any answer of the shop by far; a neighbour that went mad must not fill our memory.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Sends requests. Cloning gives another handle on the same pool.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client<HttpConnector, Full<Bytes>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum TransportError {
    /// No connection: nothing was sent.
    Connect(anyhow::Error),
    /// Something was sent, and the whole answer did not come.
    Lost(anyhow::Error),
}

impl Transport {
    pub(crate) fn new(connect_timeout: Duration, idle_connections_max: usize) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(idle_connections_max)
            .build(connector);
        Self { client }
    }

    /// Sends a request and reads the whole answer. The time that it may take is for the caller to limit.
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        let request = request.map(Full::new);
        let answered = self.client.request(request).await;
        let (head, body) = answered.map_err(TransportError::from)?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| TransportError::Lost(anyhow!(error)))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

/// What an address must be to be called: `http://`, a host, perhaps a port.
pub(crate) fn check(base: &url::Url) -> anyhow::Result<()> {
    let plain = base.scheme() == "http" && base.has_host();
    plain
        .then_some(())
        .with_context(|| format!("{base} is not an http:// URL, and services speak plain HTTP"))
}

impl From<hyper_util::client::legacy::Error> for TransportError {
    fn from(error: hyper_util::client::legacy::Error) -> Self {
        if error.is_connect() {
            Self::Connect(error.into())
        } else {
            Self::Lost(error.into())
        }
    }
}

impl TransportError {
    /// The cause, when it makes no difference whether something was sent.
    pub(crate) fn into_cause(self) -> anyhow::Error {
        match self {
            Self::Connect(cause) | Self::Lost(cause) => cause,
        }
    }
}
