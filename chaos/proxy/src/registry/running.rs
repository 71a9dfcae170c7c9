//! An edge's listener: started and stopped, so that when a call returns, it is so.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpSocket, lookup_host};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Error, Protocol, Proxy, Registry};
use crate::edge::{self, Edge};
use crate::fault::FaultSet;

/// A listener and what is set on it.
#[derive(Debug)]
pub(super) struct Running {
    stop: CancellationToken,
    faults: watch::Sender<Arc<FaultSet>>,
    served: JoinHandle<()>,
}

impl Running {
    pub(super) fn publish(&self, set: FaultSet) {
        self.faults.send_replace(Arc::new(set));
    }
}

/// The address that a wish means. As in Go, without a host it is every address; with nothing at all, any port of this machine.
pub(super) async fn resolve(listen: &str) -> Result<SocketAddr, Error> {
    let failed = |source| Error::Listen {
        address: listen.to_owned(),
        source,
    };
    let full = match listen {
        "" => "127.0.0.1:0".to_owned(),
        port if port.starts_with(':') => format!("0.0.0.0{port}"),
        full => full.to_owned(),
    };
    let mut found = lookup_host(full).await.map_err(failed)?;
    found
        .next()
        .ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
}

fn is_at(socket: &TcpSocket, addr: SocketAddr) -> bool {
    socket.local_addr().is_ok_and(|at| at == addr)
}

impl Proxy {
    /// Keeps an address without listening on it, if that can be had.
    pub(super) fn park(&mut self, addr: SocketAddr) {
        if addr.port() != 0
            && !self
                .parked
                .as_ref()
                .is_some_and(|socket| is_at(socket, addr))
        {
            self.parked = edge::park(addr).ok();
        }
    }
}

impl Registry {
    /// Listens, unless it does already.
    pub(super) fn start(
        &self,
        name: &str,
        proxy: &mut Proxy,
        addr: SocketAddr,
    ) -> Result<(), Error> {
        if proxy.running.is_some() {
            return Ok(());
        }
        let failed = |source| Error::Listen {
            address: addr.to_string(),
            source,
        };
        let parked = proxy.parked.take().filter(|socket| is_at(socket, addr));
        let socket = parked.map_or_else(|| edge::park(addr), Ok);
        let listener = socket.and_then(edge::listen).map_err(failed)?;
        let here = listener.local_addr().map_err(failed)?;
        proxy.listen = here.to_string();
        let advertised = proxy.advertised.map(|address| (address, here));
        let (faults, seen) = watch::channel(Arc::default());
        let edge = Arc::new(Edge {
            name: name.into(),
            upstream: proxy.upstream.clone(),
            http: proxy.protocol == Protocol::Http,
            advertised,
            traffic: Arc::clone(&proxy.traffic),
            faults: seen,
            shared: Arc::clone(&self.shared),
            refusal: Notify::new(),
        });
        let stop = CancellationToken::new();
        let served = self
            .shared
            .tasks
            .spawn(edge::serve(edge, listener, stop.clone()));
        proxy.running = Some(Running {
            stop,
            faults,
            served,
        });
        proxy.publish();
        Ok(())
    }

    /// When it returns, nothing listens and every connection has been told to end.
    pub(super) async fn stop(&self, name: &str) -> Result<(), Error> {
        let running = self.state().proxy(name)?.running.take();
        if let Some(running) = running {
            running.stop.cancel();
            running.publish(FaultSet {
                faults: Vec::new(),
                closed: true,
            });
            // It panics no more than any other task, and then nothing listens either.
            let _ = running.served.await;
        }
        Ok(())
    }
}
