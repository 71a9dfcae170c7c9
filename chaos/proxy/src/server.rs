//! The process: binds the control API, makes the first edges, serves until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api;
use crate::config::Config;
use crate::registry::Registry;

/// How long requests to the control API that are worked on may take when it is told to stop.
const DRAIN_WITHIN: Duration = Duration::from_secs(1);

/// A running proxy.
#[derive(Debug)]
pub struct Running {
    /// Its control API.
    pub control: SocketAddr,
    registry: Arc<Registry>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// Starts it.
///
/// # Errors
/// When the control API's address cannot be listened on, or the first edges cannot be made.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    let registry = Arc::new(Registry::new(config.seed, config.lease_default));
    let listener = TcpListener::bind(config.control).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.control))?;
    let control = listener.local_addr()?;
    if let Some(path) = &config.edges {
        let wished = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let wishes = api::edges(&wished).with_context(|| format!("{}", path.display()))?;
        if let (_, Err(error)) = registry.populate(wishes).await {
            bail!("{}: {error}", path.display());
        }
    }
    let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
    tasks.spawn(Arc::clone(&registry).heal_until(stopping.clone()));
    tasks.spawn(serve(listener, Arc::clone(&registry), stopping.clone()));
    tasks.close();
    Ok(Running {
        control,
        registry,
        stopping,
        tasks,
    })
}

impl Running {
    /// Ends connections and everything else.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.registry.shut_down().await;
        // A client that holds its connection open must not hold up the end.
        let _ = tokio::time::timeout(DRAIN_WITHIN, self.tasks.wait()).await;
    }
}

/// `axum::serve` does not end before it is told to: errors of one connection end that connection.
async fn serve(
    listener: TcpListener,
    registry: Arc<Registry>,
    stop: CancellationToken,
) -> io::Result<()> {
    axum::serve(listener, api::router(registry))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

/// Lets the process have as many descriptors as it may: a connection takes two, and many systems give 1,024 unless asked.
///
/// # Errors
/// When the system does not say, or refuses.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}
