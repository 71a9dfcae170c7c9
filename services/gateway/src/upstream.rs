//! Upstream services: their instances, and which one gets a request.
//!
//! `EDGE_ORDER_URL` is one address or a list: `http://a,http://b` shares the load evenly;
//! `http://a;weight=90;version=v1,http://b;weight=10;version=v2` is a canary. The same in JSON in `UPSTREAMS_FILE`
//! (`{"order": [{"url": "http://a", "weight": 90, "version": "v1"}]}`) replaces the lists while the gateway runs: that is
//! service discovery for whatever writes the file. An instance whose breaker is open is passed over while others are not.

mod discovery;
mod pick;

use std::{
    collections::HashMap,
    sync::{Arc, RwLock, atomic::AtomicU64},
    time::Duration,
};

use anyhow::Context as _;
use chassis::{
    client::{EdgeClient, EdgePolicy},
    service::Context,
};
use serde::Deserialize;

pub(crate) use self::{discovery::watch, pick::Wish};

/// The services behind the gateway.
pub(crate) const UPSTREAMS: [&str; 6] = [
    "user",
    "product",
    "inventory",
    "order",
    "payment",
    "notification",
];

/// Where an instance is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    url: String,
    #[serde(default = "one")]
    weight: u32,
    #[serde(default = "first_version")]
    pub(crate) version: String,
}

impl Address {
    /// `host:port`, for a probe.
    pub(crate) fn socket(&self) -> Option<String> {
        let url: url::Url = self.url.parse().ok()?;
        Some(format!(
            "{}:{}",
            url.host_str()?,
            url.port_or_known_default()?
        ))
    }
}

fn one() -> u32 {
    1
}

fn first_version() -> String {
    "v1".to_owned()
}

/// One instance of a service.
pub(crate) struct Instance {
    pub(crate) address: Address,
    pub(crate) client: EdgeClient,
}

/// All instances of one service.
pub(crate) struct Upstream {
    pub(crate) instances: Vec<Instance>,
    turn: AtomicU64,
}

/// All services; replaced as a whole by discovery.
#[derive(Clone)]
pub(crate) struct Upstreams {
    context: Context,
    by_name: Arc<RwLock<HashMap<&'static str, Arc<Upstream>>>>,
}

impl Upstreams {
    /// Reads the addresses from the environment.
    pub(crate) fn from_env(context: &Context) -> anyhow::Result<Self> {
        let upstreams = Self {
            context: context.clone(),
            by_name: Arc::default(),
        };
        let mut lists = HashMap::new();
        for name in UPSTREAMS {
            let variable = format!("EDGE_{}_URL", name.to_ascii_uppercase());
            let list = context
                .env
                .required(&variable, "the addresses of the service")?;
            lists.insert(name, parse_list(list).context(variable)?);
        }
        upstreams.replace(lists)?;
        Ok(upstreams)
    }

    /// Replaces the instances of these services, all or none. Instances that stay keep their breaker's memory.
    fn replace(&self, lists: HashMap<&'static str, Vec<Address>>) -> anyhow::Result<()> {
        let mut new = self.by_name.read().expect("no panic while held").clone();
        for (name, addresses) in lists {
            let upstream = self.upstream(name, addresses, new.get(name))?;
            new.insert(name, Arc::new(upstream));
        }
        *self.by_name.write().expect("no panic while held") = new;
        Ok(())
    }

    fn upstream(
        &self,
        name: &'static str,
        addresses: Vec<Address>,
        old: Option<&Arc<Upstream>>,
    ) -> anyhow::Result<Upstream> {
        anyhow::ensure!(!addresses.is_empty(), "{name} needs at least one address");
        let alone = addresses.len() == 1;
        let instance = |address: Address| {
            let same = |instance: &&Instance| instance.address.url == address.url;
            let kept = old.and_then(|old| old.instances.iter().find(same));
            let client = match kept {
                Some(instance) => instance.client.clone(),
                None => self.client(name, &address, alone)?,
            };
            Ok(Instance { address, client })
        };
        let instances = addresses.into_iter().map(instance);
        Ok(Upstream {
            instances: instances.collect::<anyhow::Result<_>>()?,
            turn: AtomicU64::new(0),
        })
    }

    /// Instances that share an edge have edges of their own in metrics, for each has its own breaker.
    fn client(&self, name: &str, address: &Address, alone: bool) -> anyhow::Result<EdgeClient> {
        let prefix = format!("EDGE_{}", name.to_ascii_uppercase());
        let policy = policy().from_env(&self.context.env, &prefix)?;
        let socket = address.socket().context(address.url.clone())?;
        let callee = match alone {
            true => name.to_owned(),
            false => format!("{name}@{socket}"),
        };
        EdgeClient::new(&self.context, &callee, address.url.parse()?, policy)
    }

    /// A service of [`UPSTREAMS`].
    pub(crate) fn get(&self, name: &str) -> Arc<Upstream> {
        let by_name = self.by_name.read().expect("no panic while held");
        let upstream = by_name.get(name);
        upstream
            .expect("every upstream of the route table has an address")
            .clone()
    }
}

/// The door waits longer than any service does, so that the service's own answer arrives; and it carries everybody's
/// traffic, so more may be under way at once.
fn policy() -> EdgePolicy {
    EdgePolicy {
        deadline: Duration::from_secs(5),
        try_timeout: Duration::from_secs(5),
        calls_in_flight_max: 256,
        ..EdgePolicy::default()
    }
}

fn parse_list(list: &str) -> anyhow::Result<Vec<Address>> {
    list.split(',')
        .map(|entry| parse_address(entry.trim()))
        .collect()
}

fn parse_address(entry: &str) -> anyhow::Result<Address> {
    let mut parts = entry.split(';');
    let url = parts.next().unwrap_or_default().to_owned();
    let _: url::Url = url
        .parse()
        .with_context(|| format!("{url:?} is not a URL"))?;
    let mut address = Address {
        url,
        weight: one(),
        version: first_version(),
    };
    for part in parts {
        match part.split_once('=') {
            Some(("weight", weight)) => address.weight = weight.parse().context("weight")?,
            Some(("version", version)) => address.version = version.to_owned(),
            _ => anyhow::bail!("{part:?} is neither weight=… nor version=…"),
        }
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_with_weights_and_versions_are_read() {
        let list = parse_list("http://a:1;weight=90;version=v1, http://b:2;weight=10;version=v2");
        let list = list.unwrap();
        assert_eq!((list[0].weight, list[1].version.as_str()), (90, "v2"));
        assert_eq!(parse_list("http://a:1").unwrap()[0].weight, 1);
        for bad in ["", "nonsense", "http://a;weight=x", "http://a;colour=red"] {
            assert!(parse_list(bad).is_err(), "{bad}");
        }
    }
}
