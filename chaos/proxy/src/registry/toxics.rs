//! Setting, changing and lifting faults.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{
    ANONYMOUS, Error, LeaseWish, Leased, Protocol, Registry, SetFault, ToxicView, ToxicWish,
    check_name, check_toxicity, views,
};
use crate::fault::{Fault, Toll};
use crate::limits::{LEASE_MAX, TOXICS_PER_PROXY_MAX};
use crate::toxic::Toxic;

impl Registry {
    /// One fault of an edge.
    ///
    /// # Errors
    /// When there is no such edge or fault.
    pub fn toxic(&self, edge: &str, name: &str) -> Result<ToxicView, Error> {
        let state = self.state();
        if !state.proxies.contains_key(edge) {
            return Err(Error::ProxyNotFound);
        }
        views::toxic(&state, edge, name).ok_or(Error::ToxicNotFound)
    }

    /// Sets a fault on an edge.
    ///
    /// # Errors
    /// When there is no such edge, a fault of that name, too many faults, or a number is out of range.
    pub async fn set(
        &self,
        edge: &str,
        wish: ToxicWish,
        lease: LeaseWish,
    ) -> Result<ToxicView, Error> {
        let length = self.lease_length(&lease)?;
        check_toxicity(wish.toxicity)?;
        let _writer = self.writer.lock().await;
        let mut state = self.state();
        let stream = wish.toxic.stream().unwrap_or(wish.stream);
        let name = wish
            .name
            .unwrap_or_else(|| format!("{}_{}", wish.toxic.kind(), stream.name()));
        check_name(&name)?;
        let proxy = state.proxies.get(edge).ok_or(Error::ProxyNotFound)?;
        if !wish.toxic.acts_on_bytes() && proxy.protocol != Protocol::Http {
            let (kind, edge) = (wish.toxic.kind(), edge.to_owned());
            return Err(Error::NotHttp { kind, edge });
        }
        if proxy.toxics.iter().any(|set| set.fault.name == name) {
            return Err(Error::ToxicExists);
        }
        if proxy.toxics.len() >= TOXICS_PER_PROXY_MAX {
            return Err(Error::TooMany("toxics on one proxy", TOXICS_PER_PROXY_MAX));
        }
        let toll = Arc::new(Toll::within(state.toll(edge, &name)));
        let fault = Fault {
            id: state.next_id(),
            name: name.clone(),
            toxic: wish.toxic,
            stream,
            toxicity: wish.toxicity,
            toll,
            attempts: Arc::default(),
        };
        let set = SetFault {
            fault: Arc::new(fault),
            holder: lease.holder.unwrap_or_else(|| ANONYMOUS.to_owned()),
            since: Instant::now(),
        };
        let proxy = state.proxy(edge)?;
        proxy.toxics.push(set);
        proxy.publish();
        state.grant(Leased::Toxic(edge.to_owned(), name.clone()), length);
        self.leases_changed.notify_one();
        views::toxic(&state, edge, &name).ok_or(Error::ToxicNotFound)
    }

    /// Changes a fault: its attributes, as far as `change` says, and its toxicity. With a lease, that begins anew.
    ///
    /// # Errors
    /// When there is no such edge or fault, or a number is out of range.
    pub async fn change(
        &self,
        edge: &str,
        name: &str,
        change: impl FnOnce(&Toxic) -> Result<Toxic, Error>,
        toxicity: Option<f64>,
        lease: LeaseWish,
    ) -> Result<ToxicView, Error> {
        let length = self.lease_length(&lease)?;
        toxicity.map_or(Ok(()), check_toxicity)?;
        let _writer = self.writer.lock().await;
        let mut state = self.state();
        let id = state.next_id();
        let proxy = state.proxy(edge)?;
        let mut toxics = proxy.toxics.iter_mut();
        let set = toxics
            .find(|set| set.fault.name == name)
            .ok_or(Error::ToxicNotFound)?;
        let before = &set.fault;
        set.fault = Arc::new(Fault {
            id,
            name: before.name.clone(),
            toxic: change(&before.toxic)?,
            stream: before.stream,
            toxicity: toxicity.unwrap_or(before.toxicity),
            toll: Arc::clone(&before.toll),
            attempts: Arc::clone(&before.attempts),
        });
        if let Some(holder) = lease.holder {
            set.holder = holder;
        }
        proxy.publish();
        let key = Leased::Toxic(edge.to_owned(), name.to_owned());
        if lease.length.is_some() {
            state.grant(key, length);
        } else {
            state.leases.renew(&key, Instant::now());
        }
        self.leases_changed.notify_one();
        views::toxic(&state, edge, name).ok_or(Error::ToxicNotFound)
    }

    /// Lifts a fault.
    ///
    /// # Errors
    /// When there is no such edge or fault.
    pub async fn lift(&self, edge: &str, name: &str) -> Result<(), Error> {
        let _writer = self.writer.lock().await;
        let mut state = self.state();
        if !state.proxies.contains_key(edge) {
            return Err(Error::ProxyNotFound);
        }
        if state.end_toxic(edge, name, "removed") {
            Ok(())
        } else {
            Err(Error::ToxicNotFound)
        }
    }

    pub(super) fn lease_length(&self, wish: &LeaseWish) -> Result<Option<Duration>, Error> {
        let length = wish.length.or(self.lease_default);
        match length {
            Some(length) if length.is_zero() || length > LEASE_MAX => Err(Error::Lease),
            length => Ok(length),
        }
    }
}
