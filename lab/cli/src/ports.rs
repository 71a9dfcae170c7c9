//! Every port of a lab from one base: the standard port plus (base − 8000). Two labs with other
//! bases never meet.
//!
//! Four ports lie outside of the block, because tools and people expect them by number: OTLP's 4317
//! and 4318, Jaeger's 16686 and Grafana's 3000. At the standard base they keep these numbers; at any
//! other they are in the block, at base + 317, + 318, + 319 and + 300.

mod block;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

pub use self::block::Block;
use crate::{edges, shop};

/// The base at which every port is the one in the documentation.
pub const STANDARD_BASE: u16 = 8000;
/// A service's admin port is its port plus this.
const ADMIN_OFFSET: u16 = 1000;
/// Below the ports that systems hand out to outgoing connections (32768 on Linux), with room for
/// the highest offset.
const BASE_MAX: u16 = 30_000;
const BASE_MIN: u16 = 2_000;
/// Where `auto` looks. 8000 is left to the person at the keyboard.
const AUTO_BASES: std::ops::RangeInclusive<u16> = 10_000..=BASE_MAX;
/// Blocks that are this far apart share no port.
const AUTO_STEP: usize = 2_000;

/// What was asked for with `--base-port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseWish {
    /// This base.
    At(u16),
    /// Any free block.
    Auto,
}

impl FromStr for BaseWish {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word == "auto" {
            return Ok(Self::Auto);
        }
        let usable = BASE_MIN..=BASE_MAX;
        match word.parse() {
            Ok(base) if usable.contains(&base) => Ok(Self::At(base)),
            _ => Err(format!(
                "give a number from {BASE_MIN} to {BASE_MAX}, or `auto`"
            )),
        }
    }
}

impl fmt::Display for BaseWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(base) => base.fmt(f),
            Self::Auto => f.write_str("auto"),
        }
    }
}

/// The ports of one lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    base: u16,
}

/// A port and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// `gateway`, `gateway admin`, `PostgreSQL`.
    pub name: String,
    /// Its number.
    pub port: u16,
}

impl Ports {
    /// The ports at this base.
    #[must_use]
    pub fn at(base: u16) -> Self {
        Self { base }
    }

    /// The base itself.
    #[must_use]
    pub fn base(self) -> u16 {
        self.base
    }

    /// Where a port of the documentation is in this lab.
    #[must_use]
    pub fn moved(self, standard: u16) -> u16 {
        // No standard port is below the standard base.
        self.base + (standard - STANDARD_BASE)
    }

    /// The public port of a service.
    #[must_use]
    pub fn service(self, service: &shop::Service) -> u16 {
        self.moved(service.port)
    }

    /// The admin port of a service.
    #[must_use]
    pub fn admin(self, service: &shop::Service) -> u16 {
        self.service(service) + ADMIN_OFFSET
    }

    /// PostgreSQL.
    #[must_use]
    pub fn postgres(self) -> u16 {
        self.moved(8432)
    }

    /// Redis.
    #[must_use]
    pub fn redis(self) -> u16 {
        self.moved(8379)
    }

    /// The broker.
    #[must_use]
    pub fn kafka(self) -> u16 {
        self.moved(8092)
    }

    /// The mail sink.
    #[must_use]
    pub fn smtp(self) -> u16 {
        self.moved(8025)
    }

    /// Prometheus.
    #[must_use]
    pub fn prometheus(self) -> u16 {
        self.moved(9090)
    }

    /// Alertmanager.
    #[must_use]
    pub fn alertmanager(self) -> u16 {
        self.moved(9093)
    }

    /// The alert sink.
    #[must_use]
    pub fn alert_sink(self) -> u16 {
        self.moved(8094)
    }

    /// The chaos proxy's control API.
    #[must_use]
    pub fn chaos(self) -> u16 {
        self.moved(8474)
    }

    /// The edge of this number: from 8500 on.
    #[must_use]
    pub fn edge(self, index: usize) -> u16 {
        let index = u16::try_from(index).expect("fewer edges than ports");
        self.moved(8500) + index
    }

    /// OTLP over gRPC.
    #[must_use]
    pub fn otlp_grpc(self) -> u16 {
        self.expected(4317, 317)
    }

    /// OTLP over HTTP.
    #[must_use]
    pub fn otlp_http(self) -> u16 {
        self.expected(4318, 318)
    }

    /// Jaeger's query API.
    #[must_use]
    pub fn traces(self) -> u16 {
        self.expected(16_686, 319)
    }

    /// The observatory's health and metrics.
    #[must_use]
    pub fn traces_admin(self) -> u16 {
        self.moved(9319)
    }

    /// Grafana, if it is installed.
    #[must_use]
    pub fn grafana(self) -> u16 {
        self.expected(3000, 300)
    }

    /// A port that tools expect at a number outside of the block.
    fn expected(self, standard: u16, in_block: u16) -> u16 {
        if self.base == STANDARD_BASE {
            standard
        } else {
            self.base + in_block
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> Vec<Named> {
        let grafana = Named {
            name: "Grafana".to_owned(),
            port: self.grafana(),
        };
        let mut all = self.needed();
        all.push(grafana);
        all
    }

    /// Those that the lab cannot do without: all but Grafana's, whose number others like as well.
    #[must_use]
    pub fn needed(self) -> Vec<Named> {
        let named = |name: &str, port| Named {
            name: name.to_owned(),
            port,
        };
        let mut all = vec![
            named("PostgreSQL", self.postgres()),
            named("Redis", self.redis()),
            named("broker", self.kafka()),
            named("mail sink", self.smtp()),
            named("Prometheus", self.prometheus()),
            named("Alertmanager", self.alertmanager()),
            named("alert sink", self.alert_sink()),
            named("chaos proxy", self.chaos()),
            named("OTLP/gRPC", self.otlp_grpc()),
            named("OTLP/HTTP", self.otlp_http()),
            named("observatory", self.traces()),
            named("observatory admin", self.traces_admin()),
        ];
        for service in &shop::SERVICES {
            all.push(named(service.name, self.service(service)));
            all.push(named(
                &format!("{} admin", service.name),
                self.admin(service),
            ));
        }
        for index in 0..edges::count() {
            all.push(named(&format!("edge {index}"), self.edge(index)));
        }
        all
    }

    /// The ports it needs that somebody else holds now, with the holder in words.
    #[must_use]
    pub fn taken(self) -> Vec<(Named, String)> {
        let holder = |port: &Named| supervisor::ports::holder(port.port);
        self.needed()
            .into_iter()
            .filter_map(|port| holder(&port).map(|holder| (port, holder.to_string())))
            .collect()
    }
}

#[cfg(test)]
mod tests;
