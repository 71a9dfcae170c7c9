//! A toxic that is set on an edge: what it does, whom it chooses, what it has hit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::decision::{self, Question};
use crate::exchange::Attempts;
use crate::toxic::{Stream, Toxic};

/// What a fault has done so far. Counted while connections live.
#[derive(Debug, Default)]
pub struct Toll {
    hits: AtomicU64,
    bytes: AtomicU64,
    connections: AtomicU64,
    /// Counts along: the toll of all faults of that name on that edge.
    total: Option<Arc<Toll>>,
}

/// A toll at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Hits {
    /// How often it acted: a chunk delayed, held back, cut up or swallowed, an end of stream delayed, a connection cut; of an
    /// HTTP fault, on how many requests.
    pub hits: u64,
    /// How many bytes were in these chunks, or in the bodies that were lost or sent twice.
    pub bytes: u64,
    /// How many connections were hit at least once.
    pub connections: u64,
}

impl Toll {
    /// Nothing yet; what it counts is counted in `total` as well.
    #[must_use]
    pub fn within(total: Arc<Self>) -> Self {
        Self {
            total: Some(total),
            ..Self::default()
        }
    }

    /// It acted on a chunk of so many bytes (0: on a connection). `first` on that connection?
    pub fn hit(&self, bytes: usize, first: bool) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.connections
            .fetch_add(u64::from(first), Ordering::Relaxed);
        if let Some(total) = &self.total {
            total.hit(bytes, first);
        }
    }

    /// As it stands.
    #[must_use]
    pub fn now(&self) -> Hits {
        Hits {
            hits: self.hits.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
        }
    }
}

/// One fault. Never changed: an update replaces it with one that has the same toll and has been asked as often.
#[derive(Debug)]
pub struct Fault {
    /// Tells versions of a fault apart.
    pub id: u64,
    /// Unique on its edge.
    pub name: String,
    /// What it does.
    pub toxic: Toxic,
    /// To which bytes.
    pub stream: Stream,
    /// The share of connections that it chooses, from 0 to 1; of requests if it acts on these.
    pub toxicity: f64,
    /// What it has hit.
    pub toll: Arc<Toll>,
    /// How often it was asked about which request.
    pub attempts: Arc<Attempts>,
}

impl Fault {
    /// Does it choose the connection of this number on this edge? Always the same answer.
    #[must_use]
    pub fn chooses(&self, seed: u64, edge: &str, connection: u64) -> bool {
        let key = connection.to_string();
        let question = Question {
            fault: &self.name,
            edge,
            key: &key,
            attempt: 0,
        };
        decision::hits(seed, question, self.toxicity)
    }
}

/// All that is set on an edge at one moment.
#[derive(Debug, Default)]
pub struct FaultSet {
    /// In the order in which they were set.
    pub faults: Vec<Arc<Fault>>,
    /// The edge is taken down, moved or removed: its connections end.
    pub closed: bool,
}

impl FaultSet {
    /// Has to know where a request begins whoever does what is set here?
    #[must_use]
    pub fn needs_http(&self) -> bool {
        let mut faults = self.faults.iter();
        faults.any(|fault| !fault.toxic.acts_on_bytes())
    }

    /// Is this fault still set, as it is?
    #[must_use]
    pub fn has(&self, fault: &Fault) -> bool {
        self.faults.iter().any(|set| set.id == fault.id)
    }
}
