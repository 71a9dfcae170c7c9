//! The edges and what is set on them. Writers come one after the other; readers never wait for them. Nothing here waits
//! for traffic: a change is handed to connections, which take it up by themselves.

mod edges;
mod error;
mod healing;
mod running;
mod state;
mod toxics;
mod views;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use error::Error;
pub use views::{EdgeView, EndedView, LeaseView, ToxicView, TrafficView};

use crate::edge::{Shared, Traffic};
use crate::fault::{Fault, Toll};
use crate::lease::LeaseBook;
use crate::limits::NAME_BYTES_MAX;
use crate::toxic::{Stream, Toxic};
use running::Running;

/// The name of the fault that a disabled edge is.
pub const DOWN: &str = "down";
/// Who holds a lease that names nobody.
pub const ANONYMOUS: &str = "anonymous";

/// A lease that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaseWish {
    /// How long; the proxy's default when nothing is said.
    pub length: Option<Duration>,
    /// Who will renew it.
    pub holder: Option<String>,
}

/// What an edge is known to carry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Bytes, whatever they mean.
    #[default]
    Tcp,
    /// HTTP/1.1: faults may act on requests.
    Http,
}

impl Protocol {
    /// As clients write it, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Some(Self::Tcp),
            "http" => Some(Self::Http),
            _ => None,
        }
    }

    /// As answers write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
        }
    }
}

/// An edge that is asked for.
#[derive(Debug, Clone)]
pub struct EdgeWish {
    /// Its name.
    pub name: String,
    /// Where it listens; with port 0 the system chooses.
    pub listen: String,
    /// What is behind it.
    pub upstream: String,
    /// Does it listen?
    pub enabled: bool,
    /// What it carries.
    pub protocol: Protocol,
    /// An upstream that is a Kafka broker: the address it tells its clients, in whose place the edge's is told.
    pub advertised: Option<SocketAddr>,
}

/// How an edge is to change: what is None stays.
#[derive(Debug, Clone, Default)]
pub struct EdgeChange {
    /// Where it listens.
    pub listen: Option<String>,
    /// What is behind it.
    pub upstream: Option<String>,
    /// Does it listen?
    pub enabled: Option<bool>,
}

/// A fault that is asked for.
#[derive(Debug, Clone)]
pub struct ToxicWish {
    /// Its name; `TYPE_STREAM` when nothing is said.
    pub name: Option<String>,
    /// What it does.
    pub toxic: Toxic,
    /// To which bytes; a toxic that acts on one stream only acts on that.
    pub stream: Stream,
    /// To which share of the connections, or of the requests.
    pub toxicity: f64,
}

/// What a lease is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Leased {
    Toxic(String, String),
    Down(String),
}

/// A fault on an edge, with who set it when.
#[derive(Debug)]
struct SetFault {
    fault: Arc<Fault>,
    holder: String,
    since: Instant,
}

/// A disabled edge.
#[derive(Debug)]
struct Down {
    toll: Arc<Toll>,
    holder: String,
    since: Instant,
}

#[derive(Debug)]
struct Proxy {
    listen: String,
    upstream: String,
    protocol: Protocol,
    advertised: Option<SocketAddr>,
    toxics: Vec<SetFault>,
    traffic: Arc<Traffic>,
    running: Option<Running>,
    /// Keeps a disabled edge's address from everybody else.
    parked: Option<TcpSocket>,
    down: Option<Down>,
}

#[derive(Debug, Default)]
struct State {
    proxies: BTreeMap<String, Proxy>,
    leases: LeaseBook<Leased>,
    ended: VecDeque<EndedView>,
    /// Tolls by edge and fault over all its lives, for counters that only go up.
    tolls: HashMap<(String, String), Arc<Toll>>,
    faults_made: u64,
}

/// All edges of a proxy.
#[derive(Debug)]
pub struct Registry {
    state: Mutex<State>,
    /// Held by whoever changes something; the state's own lock only for moments.
    writer: tokio::sync::Mutex<()>,
    shared: Arc<Shared>,
    lease_default: Option<Duration>,
    /// Told when a lease begins or ends.
    leases_changed: Notify,
}

impl Registry {
    /// Without edges. A fault that names no lease gets `lease_default`.
    #[must_use]
    pub fn new(seed: u64, lease_default: Option<Duration>) -> Self {
        let shared = Shared {
            seed,
            tasks: TaskTracker::new(),
            open: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
        };
        Self {
            state: Mutex::default(),
            writer: tokio::sync::Mutex::default(),
            shared: Arc::new(shared),
            lease_default,
            leases_changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends everything: listeners first, then connections.
    pub async fn shut_down(&self) {
        let names: Vec<String> = self.state().proxies.keys().cloned().collect();
        for name in names {
            // Gone in the meantime is as good.
            let _ = self.remove(&name).await;
        }
    }

    /// Lets leases run out until it is stopped.
    pub async fn heal_until(self: Arc<Self>, stop: CancellationToken) {
        stop.run_until_cancelled(self.heal()).await;
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    let usable =
        !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.contains(['/', '"', '\\', '\n']);
    if usable {
        Ok(())
    } else {
        Err(Error::Name(NAME_BYTES_MAX))
    }
}

fn check_toxicity(toxicity: f64) -> Result<(), Error> {
    if (0.0..=1.0).contains(&toxicity) {
        Ok(())
    } else {
        Err(Error::Toxicity(toxicity))
    }
}
