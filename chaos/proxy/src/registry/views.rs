//! What is told about edges and faults: Toxiproxy's fields, and ours beside them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{DOWN, Leased, State};
use crate::edge::Traffic;
use crate::fault::Hits;

/// An edge.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields of Toxiproxy's wire format")]
pub struct EdgeView {
    pub name: String,
    pub listen: String,
    pub upstream: String,
    pub enabled: bool,
    pub toxics: Vec<ToxicView>,
    /// `http` where faults may act on requests, else `tcp`.
    pub protocol: &'static str,
    /// What went over it.
    pub traffic: TrafficView,
}

/// What went over an edge so far.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(missing_docs, reason = "the fields of edge::Traffic")]
pub struct TrafficView {
    pub connections_open: u64,
    pub connections_accepted: u64,
    pub connections_refused: u64,
    pub connections_over_limit: u64,
    pub upstream_received_bytes: u64,
    pub upstream_sent_bytes: u64,
    pub downstream_received_bytes: u64,
    pub downstream_sent_bytes: u64,
}

/// A fault that is set. A disabled edge is one as well, of the type `down`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the fields of Toxiproxy's wire format")]
pub struct ToxicView {
    pub attributes: Map<String, Value>,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub stream: &'static str,
    pub toxicity: f64,
    /// The edge it is set on.
    pub proxy: String,
    /// Who has set it.
    pub holder: String,
    /// How long it has been set.
    pub age_ms: u64,
    /// Its lease, if it has one.
    #[serde(flatten)]
    pub lease: Option<LeaseView>,
    /// What it has hit.
    #[serde(flatten)]
    pub hits: Hits,
}

/// A lease.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LeaseView {
    /// As it was granted.
    pub lease_ms: u64,
    /// Until it runs out.
    pub lease_left_ms: u64,
}

/// A fault that has ended.
#[derive(Debug, Clone, Serialize)]
pub struct EndedView {
    /// As it was at its end; `age_ms` is how long it lasted.
    #[serde(flatten)]
    pub fault: ToxicView,
    /// `removed`, `lease` (it ran out), `reset`, `edge removed`.
    pub ended: &'static str,
    /// When, in milliseconds since 1970.
    pub ended_at_ms: u64,
}

pub(super) fn edge(state: &State, name: &str) -> Option<EdgeView> {
    let proxy = state.proxies.get(name)?;
    let names = proxy.toxics.iter().map(|set| &set.fault);
    // Toxiproxy lists the upstream ones first.
    let (up, down): (Vec<_>, Vec<_>) =
        names.partition(|fault| fault.stream == crate::toxic::Stream::Upstream);
    let toxics = up.into_iter().chain(down);
    Some(EdgeView {
        name: name.to_owned(),
        listen: proxy.listen.clone(),
        upstream: proxy.upstream.clone(),
        enabled: proxy.running.is_some(),
        toxics: toxics
            .filter_map(|fault| toxic(state, name, &fault.name))
            .collect(),
        protocol: proxy.protocol.name(),
        traffic: traffic(&proxy.traffic),
    })
}

fn traffic(traffic: &Traffic) -> TrafficView {
    let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    TrafficView {
        connections_open: now(&traffic.open),
        connections_accepted: now(&traffic.accepted),
        connections_refused: now(&traffic.refused),
        connections_over_limit: now(&traffic.over_limit),
        upstream_received_bytes: now(&traffic.upstream.received),
        upstream_sent_bytes: now(&traffic.upstream.sent),
        downstream_received_bytes: now(&traffic.downstream.received),
        downstream_sent_bytes: now(&traffic.downstream.sent),
    }
}

pub(super) fn toxic(state: &State, edge: &str, name: &str) -> Option<ToxicView> {
    let mut toxics = state.proxies.get(edge)?.toxics.iter();
    let set = toxics.find(|set| set.fault.name == name)?;
    Some(ToxicView {
        attributes: set.fault.toxic.attributes(),
        name: name.to_owned(),
        kind: set.fault.toxic.kind(),
        stream: set.fault.stream.name(),
        toxicity: set.fault.toxicity,
        proxy: edge.to_owned(),
        holder: set.holder.clone(),
        age_ms: millis(set.since.elapsed()),
        lease: lease(state, &Leased::Toxic(edge.to_owned(), name.to_owned())),
        hits: set.fault.toll.now(),
    })
}

pub(super) fn down(state: &State, edge: &str) -> Option<ToxicView> {
    let down = state.proxies.get(edge)?.down.as_ref()?;
    Some(ToxicView {
        attributes: Map::new(),
        name: DOWN.to_owned(),
        kind: DOWN,
        stream: "both",
        toxicity: 1.0,
        proxy: edge.to_owned(),
        holder: down.holder.clone(),
        age_ms: millis(down.since.elapsed()),
        lease: lease(state, &Leased::Down(edge.to_owned())),
        hits: down.toll.now(),
    })
}

fn lease(state: &State, key: &Leased) -> Option<LeaseView> {
    let (length, left) = state.leases.left(key, Instant::now())?;
    Some(LeaseView {
        lease_ms: millis(length),
        lease_left_ms: millis(left),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
