//! What both kinds of writers do to the state, and only while they hold its lock.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{DOWN, EndedView, Error, Leased, Proxy, State, ToxicView, views};
use crate::fault::{FaultSet, Toll};
use crate::limits::{ENDED_MAX, TOLLS_MAX};

impl State {
    pub(super) fn next_id(&mut self) -> u64 {
        self.faults_made += 1;
        self.faults_made
    }

    pub(super) fn proxy(&mut self, name: &str) -> Result<&mut Proxy, Error> {
        self.proxies.get_mut(name).ok_or(Error::ProxyNotFound)
    }

    /// Begins a lease, or makes sure that there is none.
    pub(super) fn grant(&mut self, key: Leased, length: Option<Duration>) {
        match length {
            Some(length) => self.leases.grant(key, length, Instant::now()),
            None => self.leases.release(&key),
        }
    }

    /// The toll of this fault on this edge over all its lives. Past the limit a new one is counted, but not remembered.
    pub(super) fn toll(&mut self, edge: &str, fault: &str) -> Arc<Toll> {
        let key = (edge.to_owned(), fault.to_owned());
        if self.tolls.len() >= TOLLS_MAX && !self.tolls.contains_key(&key) {
            return Arc::default();
        }
        Arc::clone(self.tolls.entry(key).or_default())
    }

    /// False when there is none.
    pub(super) fn end_toxic(&mut self, edge: &str, name: &str, why: &'static str) -> bool {
        let Some(view) = views::toxic(self, edge, name) else {
            return false;
        };
        if let Some(proxy) = self.proxies.get_mut(edge) {
            proxy.toxics.retain(|set| set.fault.name != name);
            proxy.publish();
        }
        let key = Leased::Toxic(edge.to_owned(), name.to_owned());
        self.leases.release(&key);
        self.remember(view, why);
        true
    }

    pub(super) fn end_toxics(&mut self, edge: &str, why: &'static str) {
        let toxics = self.proxies.get(edge).map(|proxy| &proxy.toxics);
        let names = toxics
            .into_iter()
            .flatten()
            .map(|set| set.fault.name.clone());
        for name in names.collect::<Vec<_>>() {
            self.end_toxic(edge, &name, why);
        }
    }

    pub(super) fn end_down(&mut self, edge: &str, why: &'static str) {
        let view = views::down(self, edge);
        if let Some(proxy) = self.proxies.get_mut(edge) {
            proxy.down = None;
        }
        self.leases.release(&Leased::Down(edge.to_owned()));
        if let Some(view) = view {
            self.remember(view, why);
        }
    }

    fn remember(&mut self, fault: ToxicView, why: &'static str) {
        tracing::info!(
            edge = fault.proxy,
            fault = fault.name,
            hits = fault.hits.hits,
            why,
            "healed"
        );
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        if self.ended.len() == ENDED_MAX {
            self.ended.pop_front();
        }
        self.ended.push_back(EndedView {
            fault,
            ended: why,
            ended_at_ms: now.as_millis() as u64,
        });
    }

    /// Everything that is set now: `DOWN` for an edge that is disabled.
    pub(super) fn active(&self) -> Vec<ToxicView> {
        let mut active = Vec::new();
        for (edge, proxy) in &self.proxies {
            active.extend(views::down(self, edge));
            let toxics = proxy.toxics.iter();
            active.extend(toxics.filter_map(|set| views::toxic(self, edge, &set.fault.name)));
        }
        active
    }

    /// What the lease of a fault is filed under.
    pub(super) fn key(fault: &ToxicView) -> Leased {
        if fault.kind == DOWN {
            Leased::Down(fault.proxy.clone())
        } else {
            Leased::Toxic(fault.proxy.clone(), fault.name.clone())
        }
    }
}

impl Proxy {
    pub(super) fn publish(&self) {
        if let Some(running) = &self.running {
            running.publish(FaultSet {
                faults: self
                    .toxics
                    .iter()
                    .map(|set| Arc::clone(&set.fault))
                    .collect(),
                closed: false,
            });
        }
    }
}
