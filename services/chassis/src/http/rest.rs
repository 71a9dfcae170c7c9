//! What a client still sends of a body that nobody reads. A server that answers early and closes while bytes come in makes
//! the system reset the connection, and the client may never see the answer: a refusal for want of a token, say. So the
//! rest is read and thrown away, within bounds, before the answer goes out.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http::header::EXPECT;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::{sync::oneshot, time::timeout};

/// Whoever sends more than this for nothing may well lose the answer.
const REST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// And whoever takes longer.
const REST_LIMIT: Duration = Duration::from_secs(1);

/// Answers once the body is read, by a handler or for nothing.
pub(super) async fn read(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (back, mut given_back) = oneshot::channel();
    // A client that asked whether to send has not begun before somebody reads.
    let under_way = !request.headers().contains_key(EXPECT);
    let lend = |body| Lent {
        body,
        under_way,
        back: Some(back),
    };
    let response = next.run(request.map(|body| Body::new(lend(body)))).await;
    if let Ok(rest) = given_back.try_recv() {
        // Nobody waits for these bytes: whatever goes wrong with them is of no interest.
        let _ = timeout(REST_LIMIT, discard(rest)).await;
    }
    response
}

async fn discard(mut rest: Body) {
    let mut count = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        count += frame.data_ref().map_or(0, Bytes::len);
        if count > REST_BYTES_MAX {
            return;
        }
    }
}

/// A body that goes back when its reader drops it before the end.
struct Lent {
    body: Body,
    under_way: bool,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.under_way = true;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(back) = self.back.take()
            && self.under_way
            && !self.body.is_end_stream()
        {
            // Nobody takes it back when the request itself was given up.
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
}
