//! Protections as Prometheus sees them: read when scraped, so that one whose lease has run out shows as on.

use prometheus::{
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::{Spec, names, sample::Family};
use crate::protection;

const SPECS: [Spec; 2] = [names::PROTECTION_OFF, names::PROTECTION_LEFT_OUT];

/// Those of the process.
#[derive(Clone)]
pub(super) struct Protections(Vec<Desc>);

impl Protections {
    pub(super) fn new() -> Self {
        Self(SPECS.iter().map(Spec::desc).collect())
    }
}

impl Collector for Protections {
    fn desc(&self) -> Vec<&Desc> {
        self.0.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let [mut off, mut left_out] = SPECS.map(Family::new);
        for protection in protection::list() {
            off.gauge(&[&protection.name], f64::from(!protection.on));
            left_out.counter(&[&protection.name], protection.left_out);
        }
        [off, left_out].map(Family::into_proto).into()
    }
}
