//! A request that arrives twice, as when something on the way repeats what it has sent already. The second one goes over a
//! connection of its own as soon as the first is answered; nobody waits for its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1 as client;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Ends, Exchanges, Sender, ends, send};
use crate::fault::Fault;
use crate::limits::{DIAL_LIMIT, DUPLICATE_BYTES_MAX};

impl Exchanges {
    /// A body whose length is not told beforehand, or too large to keep, is sent once.
    pub(super) async fn twice(
        &self,
        request: Request<Incoming>,
        sender: &tokio::sync::Mutex<Sender>,
        fault: Arc<Fault>,
    ) -> Result<Response<Incoming>, Ends> {
        let (head, body) = request.into_parts();
        let length = body.size_hint().upper();
        if length.is_none_or(|length| length > DUPLICATE_BYTES_MAX) {
            return send(Request::from_parts(head, Either::Left(body)), sender).await;
        }
        let kept = body.collect().await.map_err(|error| ends(&error))?;
        let kept = kept.to_bytes();
        let second = Request::from_parts(head.clone(), Full::new(kept.clone()));
        let first = Request::from_parts(head, Either::Right(Full::new(kept.clone())));
        let answer = send(first, sender).await?;
        if let Ok(server) = TcpStream::connect(&self.edge.upstream).await {
            self.count(&fault, kept.len());
            let repeating = timeout(DIAL_LIMIT, repeat(server, second));
            self.edge.shared.tasks.spawn(repeating);
        }
        Ok(answer)
    }
}

/// What becomes of it is nobody's business: the server has it, or is gone.
async fn repeat(server: TcpStream, request: Request<Full<Bytes>>) {
    let Ok((mut sender, connection)) = client::handshake(TokioIo::new(server)).await else {
        return;
    };
    let exchange = async {
        if let Ok(answer) = sender.send_request(request).await {
            let _ = answer.into_body().collect().await;
        }
    };
    tokio::select! {
        _ = connection => {}
        () = exchange => {}
    }
}
