//! The HTTP client under the OTLP exporters: small, bounded, and not taken in by an answer that is no OTLP.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use opentelemetry_http::{Bytes, HttpClient, HttpError};

/// Sends what an exporter encoded.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
}

impl Client {
    /// `timeout` is for one try, from the first byte out to the last byte in.
    #[expect(
        clippy::disallowed_methods,
        reason = "telemetry must not depend on an edge's policy, nor show up as a call of the business"
    )]
    pub(super) fn new(timeout: Duration) -> Self {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .pool_max_idle_per_host(1)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without TLS can be built");
        Self { http }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let response = self.http.execute(request.try_into()?).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let kind = headers
            .get(CONTENT_TYPE)
            .map_or(&b""[..], |kind| kind.as_bytes());
        if status.is_success() && !kind.starts_with(b"application/x-protobuf") {
            // Somebody else lives at this address. Not retryable: it will say the same again.
            return answer(StatusCode::UNPROCESSABLE_ENTITY, Bytes::new());
        }
        let mut answer = answer(status, response.bytes().await?)?;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

fn answer(status: StatusCode, body: Bytes) -> Result<Response<Bytes>, HttpError> {
    Ok(Response::builder().status(status).body(body)?)
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
