//! The database pool as Prometheus sees it: read when scraped.

use std::sync::{Arc, OnceLock};

use prometheus::{
    core::{Collector, Desc},
    proto::MetricFamily,
};
use sqlx::PgPool;

use super::{Spec, names, sample::Family};

const SPECS: [Spec; 2] = [names::DB_CONNECTION_COUNT, names::DB_CONNECTION_MAX];

/// The pool of a service, once it has one. A service has one database, and so one pool.
#[derive(Clone)]
pub(super) struct Pools {
    pool: Arc<OnceLock<PgPool>>,
    descs: Arc<[Desc]>,
}

impl Pools {
    pub(super) fn new() -> Self {
        Self {
            pool: Arc::default(),
            descs: SPECS.iter().map(Spec::desc).collect(),
        }
    }

    /// The first pool stays.
    pub(super) fn watch(&self, pool: &PgPool) {
        let _ = self.pool.set(pool.clone());
    }
}

impl Collector for Pools {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let Some(pool) = self.pool.get() else {
            return Vec::new();
        };
        let [mut count, mut max] = SPECS.map(Family::new);
        // Two figures that are read one after the other: a connection may be given back in between.
        let idle = pool.num_idle();
        let used = (pool.size() as usize).saturating_sub(idle);
        count.gauge(&["idle"], idle as f64);
        count.gauge(&["used"], used as f64);
        max.gauge(&[], f64::from(pool.options().get_max_connections()));
        [count, max].map(Family::into_proto).into()
    }
}
