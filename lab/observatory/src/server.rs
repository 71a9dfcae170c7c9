//! The process: binds its four listeners, serves until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::intake::{self, Intake};
use crate::metrics::Metrics;
use crate::store::Store;
use crate::{admin, query};

/// How long requests that are worked on may take when it is told to stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(2);

/// A running observatory.
#[derive(Debug)]
pub struct Running {
    /// OTLP/HTTP.
    pub otlp_http: SocketAddr,
    /// OTLP/gRPC.
    pub otlp_grpc: SocketAddr,
    /// Jaeger's query API.
    pub query: SocketAddr,
    /// Health and metrics.
    pub admin: SocketAddr,
    stopping: CancellationToken,
    servers: TaskTracker,
}

/// Starts it.
///
/// # Errors
/// When an address cannot be listened on.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    let store = Arc::new(Store::new(config.memory_bytes));
    let metrics = Metrics::new();
    let intake = Arc::new(Intake::new(Arc::clone(&store), metrics.clone()));
    let listeners = [
        bind("OTLP/HTTP", config.otlp_http).await?,
        bind("OTLP/gRPC", config.otlp_grpc).await?,
        bind("queries", config.query).await?,
        bind("health and metrics", config.admin).await?,
    ];
    let addrs = listeners.each_ref().map(TcpListener::local_addr);
    let routers = [
        intake::http::router(Arc::clone(&intake)),
        intake::grpc::router(intake),
        query::router(Arc::clone(&store), metrics.clone()),
        admin::router(store, metrics),
    ];
    let (stopping, servers) = (CancellationToken::new(), TaskTracker::new());
    for (listener, router) in listeners.into_iter().zip(routers) {
        servers.spawn(serve(listener, router, stopping.clone()));
    }
    servers.close();
    let [otlp_http, otlp_grpc, query, admin] = addrs;
    Ok(Running {
        otlp_http: otlp_http?,
        otlp_grpc: otlp_grpc?,
        query: query?,
        admin: admin?,
        stopping,
        servers,
    })
}

impl Running {
    /// Stops accepting, and waits for what is being worked on.
    pub async fn stop(self) {
        self.stopping.cancel();
        // A client that holds its connection open must not hold up the end.
        let _ = tokio::time::timeout(DRAIN_WITHIN, self.servers.wait()).await;
    }
}

async fn bind(what: &str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await;
    listener.with_context(|| format!("cannot listen on {addr} for {what}"))
}

/// `axum::serve` does not end before it is told to: errors of one connection end that connection.
async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    axum::serve(listener, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}
