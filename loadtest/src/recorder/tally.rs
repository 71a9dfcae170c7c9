//! The figures themselves: histograms by endpoint and by slice of time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::{Faults, Operation};
use crate::fault::{Fault, Kind};

/// Highest latency that is told apart, in microseconds; anything slower counts as this.
const HIGHEST_US: u64 = 60_000_000;
/// A chart needs no more points, and each is a histogram of some 20 kB.
const SERIES_SLICES_MAX: u32 = 300;
/// Traces to look at, an endpoint.
const SLOWEST_MAX: usize = 3;

/// What came of a number of requests.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) endpoints: BTreeMap<&'static str, Endpoint>,
    pub(crate) orders: BTreeMap<String, u64>,
    pub(crate) dropped: u64,
    /// How late requests were sent, in microseconds: the generator's own delay.
    pub(crate) late_us: Option<Histogram<u64>>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) slice: Duration,
}

/// One endpoint.
pub(crate) struct Endpoint {
    pub(crate) latency_us: Histogram<u64>,
    pub(crate) faults: Faults,
    /// Latency and trace, slowest first.
    pub(crate) slowest: Vec<(Duration, String)>,
}

/// A piece of the measured time.
#[derive(Clone)]
pub(crate) struct Slice {
    pub(crate) latency_us: Histogram<u64>,
    pub(crate) errors: u64,
}

impl Tally {
    /// With a series of slices over `length`, a second each or longer.
    pub(crate) fn sliced(length: Duration) -> Self {
        let slice = (length / SERIES_SLICES_MAX).max(Duration::from_secs(1));
        Self {
            late_us: Some(histogram(3)),
            slice,
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, operation: &Operation<'_>, origin: Option<Instant>) {
        let latency = operation.ended - operation.intended;
        let endpoint = self
            .endpoints
            .entry(operation.endpoint)
            .or_insert_with(Endpoint::new);
        endpoint.add(latency, operation.fault, operation.trace_id);
        if let Some(late) = &mut self.late_us {
            late.saturating_record(micros(operation.started - operation.intended));
        }
        if let Some(origin) = origin {
            let failed = operation.fault.is_some();
            let slice = self.slice_at(operation.intended - origin);
            slice.latency_us.saturating_record(micros(latency));
            slice.errors += u64::from(failed);
        }
    }

    /// A visit that was never begun.
    pub(crate) fn dropped(&mut self, at: Duration) {
        self.dropped += 1;
        self.slice_at(at).errors += 1;
    }

    fn slice_at(&mut self, at: Duration) -> &mut Slice {
        let place = (at.as_secs_f64() / self.slice.as_secs_f64()) as usize;
        while self.slices.len() <= place {
            self.slices.push(Slice {
                latency_us: histogram(2),
                errors: 0,
            });
        }
        &mut self.slices[place]
    }

    pub(crate) fn requests(&self) -> u64 {
        let counts = self.endpoints.values().map(|one| one.latency_us.len());
        counts.sum()
    }

    /// Wrong answers and dropped visits.
    pub(crate) fn errors(&self) -> u64 {
        let wrong = self.endpoints.values().map(Endpoint::errors);
        wrong.sum::<u64>() + self.dropped
    }

    /// All endpoints as one. Histograms of the same bounds add up without loss.
    pub(crate) fn all(&self) -> Endpoint {
        let mut all = Endpoint::new();
        for endpoint in self.endpoints.values() {
            all.latency_us
                .add(&endpoint.latency_us)
                .expect("the same bounds");
            for (fault, count) in &endpoint.faults {
                *all.faults.entry(fault.clone()).or_default() += count;
            }
            all.slowest.extend(endpoint.slowest.iter().cloned());
        }
        all.keep_slowest();
        all
    }
}

impl Endpoint {
    fn new() -> Self {
        Self {
            latency_us: histogram(3),
            faults: Faults::new(),
            slowest: Vec::new(),
        }
    }

    fn add(&mut self, latency: Duration, fault: Option<&Fault>, trace_id: &str) {
        self.latency_us.saturating_record(micros(latency));
        if let Some(Fault { kind, text }) = fault {
            *self.faults.entry((*kind, text.clone())).or_default() += 1;
        }
        let slow = self
            .slowest
            .last()
            .is_none_or(|(slowest, _)| latency > *slowest);
        if slow || self.slowest.len() < SLOWEST_MAX {
            self.slowest.push((latency, trace_id.to_owned()));
            self.keep_slowest();
        }
    }

    fn keep_slowest(&mut self) {
        self.slowest
            .sort_by_key(|(latency, _)| std::cmp::Reverse(*latency));
        self.slowest.truncate(SLOWEST_MAX);
    }

    pub(crate) fn errors(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Faults of one sort.
    pub(crate) fn errors_of(&self, kind: Kind) -> u64 {
        let of_kind = self.faults.iter().filter(|((found, _), _)| *found == kind);
        of_kind.map(|(_, count)| count).sum()
    }
}

fn histogram(digits: u8) -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST_US, digits).expect("valid bounds")
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(HIGHEST_US)
}
