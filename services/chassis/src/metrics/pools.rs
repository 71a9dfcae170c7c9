//! The database pool as Prometheus sees it: read when scraped.

use std::sync::{Arc, OnceLock};

use super::{Spec, names, sample::Family};
use crate::db::Db;
use prometheus::{
    core::{Collector, Desc},
    proto::MetricFamily,
};

const SPECS: [Spec; 4] = [
    names::DB_CONNECTION_COUNT,
    names::DB_CONNECTION_MAX,
    names::DB_CONNECTION_PENDING,
    names::DB_CONNECTION_TIMEOUTS,
];

/// The pool of a service, once it has one. A service has one database, and so one pool.
#[derive(Clone)]
pub(super) struct Pools {
    db: Arc<OnceLock<Db>>,
    descs: Arc<[Desc]>,
}

impl Pools {
    pub(super) fn new() -> Self {
        Self {
            db: Arc::default(),
            descs: SPECS.iter().map(Spec::desc).collect(),
        }
    }

    /// The first pool stays.
    pub(super) fn watch(&self, db: &Db) {
        let _ = self.db.set(db.clone());
    }
}

impl Collector for Pools {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(db) = self.db.get() else {
            return Vec::new();
        };
        let figures = db.figures();
        let [mut count, mut max, mut pending, mut timeouts] = SPECS.map(Family::new);
        count.gauge(&["idle"], figures.idle as f64);
        count.gauge(&["used"], figures.used as f64);
        max.gauge(&[], figures.max as f64);
        pending.gauge(&[], figures.pending as f64);
        timeouts.counter(&[], figures.timeouts);
        [count, max, pending, timeouts]
            .map(Family::into_proto)
            .into()
    }
}
