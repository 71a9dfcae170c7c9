//! Making, moving, disabling and removing edges.

use std::sync::Arc;
use std::time::Instant;

use super::{
    ANONYMOUS, DOWN, Down, EdgeChange, EdgeView, EdgeWish, Error, LeaseWish, Leased, Proxy,
    Registry, check_name, running, views,
};
use crate::fault::Toll;
use crate::limits::PROXIES_MAX;

impl Registry {
    /// All edges, by name.
    #[must_use]
    pub fn list(&self) -> Vec<EdgeView> {
        let state = self.state();
        let names = state.proxies.keys();
        names.filter_map(|name| views::edge(&state, name)).collect()
    }

    /// One edge.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn show(&self, name: &str) -> Result<EdgeView, Error> {
        views::edge(&self.state(), name).ok_or(Error::ProxyNotFound)
    }

    /// Makes an edge.
    ///
    /// # Errors
    /// When there is one of that name, there are too many, or it cannot listen.
    pub async fn create(&self, wish: EdgeWish) -> Result<EdgeView, Error> {
        let _writer = self.writer.lock().await;
        self.check_new(&wish.name)?;
        let addr = running::resolve(&wish.listen).await?;
        let mut proxy = Proxy {
            listen: wish.listen,
            upstream: wish.upstream,
            protocol: wish.protocol,
            advertised: wish.advertised,
            toxics: Vec::new(),
            traffic: Arc::default(),
            running: None,
            parked: None,
            down: None,
        };
        if wish.enabled {
            self.start(&wish.name, &mut proxy, addr)?;
        } else {
            proxy.down = Some(Down::cutting(0, Arc::default(), ANONYMOUS.to_owned()));
        }
        self.state().proxies.insert(wish.name.clone(), proxy);
        self.show(&wish.name)
    }

    /// Makes sure that these edges are there. One that is there with the same addresses and protocol is left as it is; one with others is made
    /// anew, without its toxics. Stops at the first that cannot be made, and answers those that were.
    pub async fn populate(&self, wishes: Vec<EdgeWish>) -> (Vec<EdgeView>, Result<(), Error>) {
        let mut made = Vec::new();
        for wish in wishes {
            match self.ensure(wish).await {
                Ok(view) => made.push(view),
                Err(error) => return (made, Err(error)),
            }
        }
        (made, Ok(()))
    }

    async fn ensure(&self, wish: EdgeWish) -> Result<EdgeView, Error> {
        let there = match self.show(&wish.name) {
            Ok(view) => view,
            Err(_) => return self.create(wish).await,
        };
        let same = there.upstream == wish.upstream
            && there.protocol == wish.protocol.name()
            && running::resolve(&there.listen).await.ok()
                == running::resolve(&wish.listen).await.ok();
        if same {
            return Ok(there);
        }
        self.remove(&wish.name).await?;
        self.create(wish).await
    }

    /// Changes an edge. Its connections end when it is moved or disabled.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot listen; then it is disabled.
    pub async fn update(
        &self,
        name: &str,
        change: EdgeChange,
        lease: LeaseWish,
    ) -> Result<EdgeView, Error> {
        let length = self.lease_length(&lease)?;
        let _writer = self.writer.lock().await;
        let before = self.show(name)?;
        let listen = change.listen.unwrap_or_else(|| before.listen.clone());
        let upstream = change.upstream.unwrap_or_else(|| before.upstream.clone());
        let addr = running::resolve(&listen).await?;
        let moved = listen != before.listen || upstream != before.upstream;
        let enabled = change.enabled.unwrap_or(before.enabled);
        if moved || !enabled {
            self.stop(name).await?;
        }
        let mut state = self.state();
        let proxy = state.proxy(name)?;
        (proxy.listen, proxy.upstream) = (listen, upstream);
        if enabled {
            self.start(name, proxy, addr)?;
            state.end_down(name, "removed");
        } else {
            let holder = lease.holder.unwrap_or_else(|| ANONYMOUS.to_owned());
            let down = Down::cutting(
                before.traffic.connections_open,
                state.toll(name, DOWN),
                holder,
            );
            let proxy = state.proxy(name)?;
            proxy.down = Some(down);
            proxy.park(addr);
            let key = Leased::Down(name.to_owned());
            state.grant(key, length);
        }
        self.leases_changed.notify_one();
        views::edge(&state, name).ok_or(Error::ProxyNotFound)
    }

    /// Removes an edge; its connections end.
    ///
    /// # Errors
    /// When there is none of that name.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let _writer = self.writer.lock().await;
        self.stop(name).await?;
        let mut state = self.state();
        state.end_toxics(name, "edge removed");
        state.end_down(name, "edge removed");
        state.proxies.remove(name);
        Ok(())
    }

    fn check_new(&self, name: &str) -> Result<(), Error> {
        check_name(name)?;
        let state = self.state();
        if state.proxies.contains_key(name) {
            return Err(Error::ProxyExists);
        }
        if state.proxies.len() >= PROXIES_MAX {
            return Err(Error::TooMany("proxies", PROXIES_MAX));
        }
        Ok(())
    }
}

impl Down {
    /// Begins, and ends so many connections.
    fn cutting(connections: u64, total: Arc<Toll>, holder: String) -> Self {
        let toll = Toll::within(total);
        (0..connections).for_each(|_| toll.hit(0, true));
        Self {
            toll: Arc::new(toll),
            holder,
            since: Instant::now(),
        }
    }
}
