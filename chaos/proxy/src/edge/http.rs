//! The machine that takes a connection apart into requests and answers, and does to each what its plan says. hyper reads and
//! writes the messages; bodies stream through, except one that is sent twice.
//!
//! When no fault needs it any more, the next answer says `connection: close`: the client's next connection is plain again, and
//! no request is lost on the way. What it does not do: upgrades, HTTP/2.

mod twice;

use std::error::Error;

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::Edge;
use super::pump::how;
use super::socket::Socket;
use crate::exchange::{Asked, Place, Plan};
use crate::fault::{Fault, FaultSet};
use crate::line::Cut;

/// A request's body on its way to the server: as it comes, or kept.
type Sent = Either<Incoming, Full<Bytes>>;
/// An answer's body on its way to the client.
type Answered = Either<Incoming, Empty<Bytes>>;
type Sender = client::SendRequest<Sent>;

/// All requests of one connection.
#[derive(Debug)]
pub(super) struct Exchanges {
    edge: Arc<Edge>,
    connection: u64,
    requests: AtomicU64,
    /// The faults that have hit this connection, by their ids.
    hit: Mutex<Vec<u64>>,
}

/// The client is to see the connection reset.
#[derive(Debug)]
pub(super) struct Reset;

/// The connection ends here, and how the client sees it.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
struct Ends(Cut);

/// Serves the client's requests with the server's answers until one of the two ends the connection. Tells if it is to be a reset.
pub(super) async fn serve(
    near: DuplexStream,
    socket: Socket,
    exchanges: Exchanges,
    reset: oneshot::Sender<Reset>,
) {
    let connecting = client::Builder::new()
        .preserve_header_case(true)
        .handshake(TokioIo::new(socket));
    let Ok((sender, connection)) = connecting.await else {
        return;
    };
    // Its end is the end of a body that it was still to send: whoever writes that must be told, not left waiting.
    let mut upstream = pin!(async move {
        let _ = connection.await;
    });
    let sender = tokio::sync::Mutex::new(sender);
    let service = service_fn(|request| exchanges.answer(request, &sender));
    let serving = server::Builder::new()
        .preserve_header_case(true)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(near), service);
    let mut serving = pin!(serving);
    let mut upstream_ended = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = serving.as_mut() => break ended,
            () = upstream.as_mut(), if !upstream_ended => {
                // What is under way is still answered; an idle connection ends as the server's did.
                upstream_ended = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    // Before our side of the pipe is dropped: its end alone would look like an orderly one.
    if let Err(error) = ended
        && let Some(Ends(Cut::Reset)) = cause(&error)
    {
        let _ = reset.send(Reset);
    }
}

/// The first cause of this kind.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

impl Exchanges {
    pub(super) fn new(edge: Arc<Edge>, connection: u64) -> Self {
        Self {
            edge,
            connection,
            requests: AtomicU64::new(0),
            hit: Mutex::default(),
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        sender: &tokio::sync::Mutex<Sender>,
    ) -> Result<Response<Answered>, Ends> {
        let plan = self.plan(&request);
        self.hold(&plan.delays).await;
        if let Some((fault, status)) = plan.abort {
            self.count(&fault, 0);
            return Ok(aborted(status));
        }
        let answer = match plan.duplicate {
            Some(fault) => self.twice(request, sender, fault).await?,
            None => send(request.map(Either::Left), sender).await?,
        };
        self.hold(&plan.reply_delays).await;
        if let Some(fault) = plan.reply_lost {
            return Err(self.lose(answer, &fault).await);
        }
        let mut answer = answer.map(Either::Left);
        if !self.set().needs_http() {
            let close = HeaderValue::from_static("close");
            answer.headers_mut().insert(header::CONNECTION, close);
        }
        Ok(answer)
    }

    fn set(&self) -> Arc<FaultSet> {
        Arc::clone(&self.edge.faults.borrow())
    }

    fn plan(&self, request: &Request<Incoming>) -> Plan {
        let asked = Asked {
            method: request.method(),
            path: request.uri().path(),
            headers: request.headers(),
            connection: self.connection,
            number: self.requests.fetch_add(1, Ordering::Relaxed),
        };
        let place = Place {
            seed: self.edge.shared.seed,
            edge: &self.edge.name,
        };
        Plan::of(&self.set(), place, asked)
    }

    /// Waits, one delay after the other; one that is lifted or changed lets go at once.
    async fn hold(&self, delays: &[(Arc<Fault>, Duration)]) {
        for (fault, delay) in delays {
            self.count(fault, 0);
            let mut faults: watch::Receiver<Arc<FaultSet>> = self.edge.faults.clone();
            tokio::select! {
                () = sleep(*delay) => {}
                // An edge that is gone holds nothing back either.
                _ = faults.wait_for(|set| !set.has(fault)) => {}
            }
        }
    }

    /// The server has answered to the last byte; nobody will know.
    async fn lose(&self, answer: Response<Incoming>, fault: &Fault) -> Ends {
        let mut body = answer.into_body();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes += frame.data_ref().map_or(0, Bytes::len),
                Err(error) => return ends(&error),
            }
        }
        self.count(fault, bytes);
        Ends(Cut::Reset)
    }

    fn count(&self, fault: &Fault, bytes: usize) {
        let mut hit = self.hit.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !hit.contains(&fault.id);
        if first {
            hit.push(fault.id);
        }
        fault.toll.hit(bytes, first);
    }
}

/// As a server says it that has nothing to add. It does not name itself: a fault that can be told from a real one teaches nothing.
fn aborted(status: StatusCode) -> Response<Answered> {
    let mut answer = Response::new(Either::Right(Empty::new()));
    *answer.status_mut() = status;
    answer
}

async fn send(
    request: Request<Sent>,
    sender: &tokio::sync::Mutex<Sender>,
) -> Result<Response<Incoming>, Ends> {
    let mut sender = sender.lock().await;
    let sent = async {
        sender.ready().await?;
        sender.send_request(request).await
    };
    sent.await.map_err(|error| ends(&error))
}

/// A server that ends the connection instead of answering: the client sees it end the same way.
fn ends(error: &(dyn Error + 'static)) -> Ends {
    Ends(cause(error).map_or(Cut::Close, how))
}
