//! An edge at work: a listener, and a task for each connection. The listener never waits for anything but connections: each
//! connection dials the upstream by itself.
//!
//! An upstream that refuses is refused: without a proxy a caller would be told "connection refused" and know that nothing
//! has happened. So while the upstream refuses, the edge does not listen, and looks every few milliseconds whether it is back.

mod connection;
mod far;
mod http;
mod pump;
mod socket;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fault::FaultSet;
use crate::limits::CONNECTIONS_MAX;

/// Connections that the system keeps for us until they are accepted.
const BACKLOG: u32 = 1024;
/// While the upstream refuses: how often to look whether it is back. A service takes longer to start.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How long an upstream may take to refuse.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// An address that somebody else has taken meanwhile: how long until we try again.
const LISTEN_PAUSE: Duration = Duration::from_secs(1);
/// After a failed accept (no descriptor left): time for some to be given back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What went over an edge. Counted while connections live; kept when the edge is taken down or moved.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Connections open now.
    pub open: AtomicU64,
    /// Connections accepted so far: the next one has this number.
    pub accepted: AtomicU64,
    /// Connections that the upstream did not take.
    pub refused: AtomicU64,
    /// Connections turned away because there are too many.
    pub over_limit: AtomicU64,
    /// What came from clients.
    pub(crate) upstream: Passed,
    /// What came from the server.
    pub(crate) downstream: Passed,
}

/// Bytes of one direction.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// As they came in.
    pub(crate) received: AtomicU64,
    /// As they were passed on.
    pub(crate) sent: AtomicU64,
}

/// What all edges of a proxy share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) seed: u64,
    pub(crate) tasks: TaskTracker,
    /// Connections open now, on all edges.
    pub(crate) open: AtomicUsize,
    /// Bytes held back now, on all edges.
    pub(crate) held: AtomicUsize,
}

/// An edge that listens.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) name: Arc<str>,
    pub(crate) upstream: String,
    /// It carries HTTP, so faults may act on requests.
    pub(crate) http: bool,
    /// The broker's own address and the edge's, which takes its place in the broker's answers.
    pub(crate) advertised: Option<(SocketAddr, SocketAddr)>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) faults: watch::Receiver<Arc<FaultSet>>,
    pub(crate) shared: Arc<Shared>,
    /// Told when the upstream has refused a connection.
    pub(crate) refusal: Notify,
}

/// A socket that holds an address without listening: whoever connects is refused.
pub(crate) fn park(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Listens on an address.
pub(crate) fn listen(socket: TcpSocket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)
}

/// Accepts until it is stopped. When this returns, nothing listens any more.
pub(crate) async fn serve(edge: Arc<Edge>, mut listener: TcpListener, stop: CancellationToken) {
    let serving = async {
        loop {
            tokio::select! {
                () = edge.refusal.notified() => listener = refuse_until_back(&edge, listener).await,
                accepted = listener.accept() => match accepted {
                    Ok((client, _)) => admit(&edge, client),
                    Err(error) => {
                        tracing::warn!(edge = %edge.name, %error, "accept failed");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    };
    let _: Option<()> = stop.run_until_cancelled(serving).await;
}

fn admit(edge: &Arc<Edge>, client: TcpStream) {
    let number = edge.traffic.accepted.fetch_add(1, Ordering::Relaxed);
    if edge.shared.open.load(Ordering::Relaxed) >= CONNECTIONS_MAX {
        edge.traffic.over_limit.fetch_add(1, Ordering::Relaxed);
        connection::reset(&client);
        return;
    }
    let counted = Open::count(edge);
    edge.shared.tasks.spawn(async move {
        connection::run(Arc::clone(&counted.0), client, number).await;
    });
}

async fn refuse_until_back(edge: &Edge, open: TcpListener) -> TcpListener {
    let Ok(addr) = open.local_addr() else {
        return open;
    };
    drop(open);
    // Keeps the address for us without listening on it.
    let mut parked = park(addr).ok();
    let upstream = &edge.upstream;
    tracing::info!(edge = %edge.name, upstream, "the upstream refuses, so does the edge");
    while is_refused(upstream).await {
        sleep(LOOK_EVERY).await;
    }
    // Others may have met the same refusal: it is over.
    tokio::select! {
        biased;
        () = edge.refusal.notified() => {}
        () = std::future::ready(()) => {}
    }
    loop {
        match parked
            .take()
            .map_or_else(|| park(addr), Ok)
            .and_then(listen)
        {
            Ok(listener) => return listener,
            Err(error) => {
                tracing::error!(edge = %edge.name, %addr, %error, "cannot listen again yet");
                sleep(LISTEN_PAUSE).await;
            }
        }
    }
}

/// One that says nothing for a while does not refuse.
async fn is_refused(upstream: &str) -> bool {
    let tried = timeout(ANSWER_LIMIT, TcpStream::connect(upstream)).await;
    matches!(tried, Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Counts a connection as long as it lives.
struct Open(Arc<Edge>);

impl Open {
    fn count(edge: &Arc<Edge>) -> Self {
        edge.traffic.open.fetch_add(1, Ordering::Relaxed);
        edge.shared.open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(edge))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.traffic.open.fetch_sub(1, Ordering::Relaxed);
        self.0.shared.open.fetch_sub(1, Ordering::Relaxed);
    }
}
