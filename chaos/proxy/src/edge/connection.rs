//! One connection: dials the upstream, then moves bytes both ways until both streams have ended or somebody cuts it. An end of
//! one stream is passed on and leaves the other stream alone, and so does a receiver that takes no more; a reset is passed on as
//! a reset.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::Edge;
use super::far::Far;
use super::pump::{Direction, Ending, pump};
use super::socket::{Resetter, Socket};
use crate::fault::FaultSet;
use crate::kafka::AddressRewriter;
use crate::limits::DIAL_LIMIT;
use crate::line::{Cut, Identity, Line};
use crate::toxic::Stream;

pub(super) async fn run(edge: Arc<Edge>, mut client: TcpStream, number: u64) {
    let mut faults = edge.faults.clone();
    let dialled = tokio::select! {
        dialled = dial(&edge) => dialled,
        () = closed(&mut faults) => return,
    };
    let Some(server) = dialled else {
        reset(&client);
        return;
    };
    // What arrives together leaves together; waiting for more would be a fault that nobody has set.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let resetter = Resetter::default();
    let socket = Socket::new(server, &resetter);
    let far = Far::new(Arc::clone(&edge), socket, number);
    if let Err(Cut::Reset) = relay(&edge, &mut client, &far, number).await {
        reset(&client);
        resetter.reset();
    }
}

async fn dial(edge: &Edge) -> Option<TcpStream> {
    let failed = match timeout(DIAL_LIMIT, TcpStream::connect(&edge.upstream)).await {
        Ok(Ok(server)) => return Some(server),
        Ok(Err(error)) => error.kind(),
        Err(_) => io::ErrorKind::TimedOut,
    };
    edge.traffic.refused.fetch_add(1, Ordering::Relaxed);
    if failed == io::ErrorKind::ConnectionRefused {
        edge.refusal.notify_one();
    }
    None
}

async fn closed(faults: &mut watch::Receiver<Arc<FaultSet>>) {
    // An edge that is gone is closed as well.
    let _ = faults.wait_for(|set| set.closed).await;
}

async fn relay(edge: &Edge, client: &mut TcpStream, far: &Far, number: u64) -> Result<(), Cut> {
    let identity = Identity {
        seed: edge.shared.seed,
        edge: Arc::clone(&edge.name),
        connection: number,
    };
    let direction = |stream, passed| Direction {
        stream,
        passed,
        shared: &edge.shared,
        faults: edge.faults.clone(),
        rewriter: rewriter(edge, stream),
        line: Line::new(identity.clone()),
        identity: identity.clone(),
    };
    let up = direction(Stream::Upstream, &edge.traffic.upstream);
    let down = direction(Stream::Downstream, &edge.traffic.downstream);
    let (from_client, to_client) = client.split();
    let (up, down) = tokio::try_join!(pump(from_client, far, up), pump(far, to_client, down))?;
    match (up, down) {
        (Ending::Refused(how), _) | (_, Ending::Refused(how)) => Err(how),
        (Ending::PassedOn, Ending::PassedOn) => Ok(()),
    }
}

fn rewriter(edge: &Edge, stream: Stream) -> Option<AddressRewriter> {
    let (from, to) = edge.advertised.filter(|_| stream == Stream::Downstream)?;
    AddressRewriter::new(from, to)
}

/// Makes the end of a connection a reset.
pub(super) fn reset(socket: &TcpStream) {
    let _ = socket.set_zero_linger();
}
