//! Every edge of the lab that goes through the chaos proxy: its name, where the caller finds it, and what is behind it.
//! Services know nothing of this; they are given addresses.
//!
//! Names of HTTP edges are those that the services' own clients give them in metrics and traces.

use serde_json::{Value, json};

use crate::Lab;
use crate::shop::{Edge, Need, SERVICES, Service};

/// A way from a service to something it talks to, by both names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wire {
    /// `order->payment`, `order->postgres`.
    pub name: String,
    /// The port where the caller finds it.
    pub port: u16,
    /// What is behind it.
    pub upstream: u16,
    /// It leads to the broker, which tells its clients its own address.
    pub to_broker: bool,
    /// It carries HTTP, so faults may act on requests.
    pub is_http: bool,
}

/// What services talk to that does not speak HTTP.
const NOT_HTTP: [&str; 4] = ["postgres", "redis", "kafka", "smtp"];

/// All of them. The order settles the ports, so it changes only where the table of services does.
#[must_use]
pub fn all(lab: &Lab) -> Vec<Wire> {
    let ends = SERVICES.iter().flat_map(|service| {
        ends(lab, service)
            .into_iter()
            .map(move |end| (service, end))
    });
    ends.enumerate()
        .map(|(index, (service, (to, upstream)))| Wire {
            name: format!("{}->{to}", service.name),
            port: lab.ports.edge(index),
            upstream,
            to_broker: to == "kafka",
            is_http: !NOT_HTTP.contains(&to),
        })
        .collect()
}

/// How many there are.
#[must_use]
pub fn count() -> usize {
    SERVICES.iter().map(|service| names(service).count()).sum()
}

/// Where a service finds something: at its edge, or at the thing itself if this kind of edge is not wired.
///
/// # Panics
/// When the table of services has no such edge.
#[must_use]
pub fn port(lab: &Lab, service: &Service, to: &str) -> u16 {
    let name = format!("{}->{to}", service.name);
    let wire = all(lab).into_iter().find(|wire| wire.name == name);
    let wire = wire.unwrap_or_else(|| panic!("the table of services has no edge {name}"));
    if is_wired(lab, &wire) {
        wire.port
    } else {
        wire.upstream
    }
}

/// Does this edge go through the proxy? PostgreSQL's do only if they are asked for: docs/adr/0013.
fn is_wired(lab: &Lab, wire: &Wire) -> bool {
    wire.upstream != lab.ports.postgres() || lab.postgres_edges
}

/// What the proxy is told: its edges, in the form of Toxiproxy's `/populate`.
#[must_use]
pub fn populate(lab: &Lab) -> Value {
    let local = |port: u16| format!("127.0.0.1:{port}");
    let edge = |wire: &Wire| {
        json!({
            "name": wire.name,
            "listen": local(wire.port),
            "upstream": local(wire.upstream),
            "protocol": if wire.is_http { "http" } else { "tcp" },
            "advertised": wire.to_broker.then(|| local(wire.upstream)),
        })
    };
    let wired = all(lab).into_iter().filter(|wire| is_wired(lab, wire));
    wired.map(|wire| edge(&wire)).collect()
}

fn names(service: &Service) -> impl Iterator<Item = &'static str> {
    let needs = service.needs.iter().filter_map(|need| match need {
        Need::Database => Some("postgres"),
        Need::Redis => Some("redis"),
        Need::Kafka => Some("kafka"),
        Need::Tokens => Some("user.jwks"),
        Need::Smtp => Some("smtp"),
        _ => None,
    });
    service
        .edges()
        .map(|edge| edge.to)
        .chain(needs)
        .chain(["otlp"])
}

fn ends(lab: &Lab, service: &Service) -> Vec<(&'static str, u16)> {
    let ports = lab.ports;
    let port = |to| match to {
        "postgres" => ports.postgres(),
        "redis" => ports.redis(),
        "kafka" => ports.kafka(),
        "smtp" => ports.smtp(),
        "otlp" => ports.otlp_http(),
        "user.jwks" => ports.service(
            Edge {
                from: service.name,
                to: "user",
            }
            .target(),
        ),
        to => ports.service(
            Edge {
                from: service.name,
                to,
            }
            .target(),
        ),
    };
    names(service).map(|to| (to, port(to))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::shop;

    fn lab() -> (tempfile::TempDir, Lab) {
        let folder = tempfile::tempdir().expect("a folder");
        let lab = Lab::in_folder(folder.path(), 8000).expect("a lab");
        (folder, lab)
    }

    #[test]
    fn every_edge_has_a_name_and_a_port_of_its_own() {
        let (_folder, lab) = lab();
        let wires = all(&lab);
        let names: HashSet<&str> = wires.iter().map(|wire| wire.name.as_str()).collect();
        let ports: HashSet<u16> = wires.iter().map(|wire| wire.port).collect();
        assert_eq!(
            (names.len(), ports.len(), count()),
            (wires.len(), wires.len(), wires.len())
        );
        for name in [
            "gateway->order",
            "order->payment",
            "payment->stripe",
            "psp->webhook",
            "order->user.jwks",
            "order->postgres",
            "user->redis",
            "order->kafka",
            "notification->smtp",
            "psp->otlp",
        ] {
            assert!(names.contains(name), "{name} is missing in {names:?}");
        }
    }

    #[test]
    fn services_are_given_the_edges_and_never_what_is_behind_them() {
        let (_folder, lab) = lab();
        for service in &SERVICES {
            let own = [lab.ports.service(service), lab.ports.admin(service)];
            for (variable, value) in shop::environment(&lab, service) {
                for wire in all(&lab) {
                    let behind = format!("127.0.0.1:{}", wire.upstream);
                    let direct = variable == "DATABASE_URL" || own.contains(&wire.upstream);
                    assert!(
                        direct || !value.contains(&behind),
                        "{}: {variable}={value}",
                        service.name
                    );
                }
            }
        }
    }

    #[test]
    fn requests_can_be_broken_between_services_and_not_on_the_way_to_data() {
        let (_folder, lab) = lab();
        let is_http = |name: &str| {
            let wire = all(&lab).into_iter().find(|wire| wire.name == name);
            wire.expect("it is in the table").is_http
        };
        let http = ["gateway->order", "order->user.jwks", "psp->otlp"];
        let not = [
            "order->postgres",
            "user->redis",
            "order->kafka",
            "notification->smtp",
        ];
        assert!(http.into_iter().all(is_http) && !not.into_iter().any(is_http));
    }

    #[test]
    fn postgres_is_reached_directly_unless_its_edges_are_asked_for() {
        let (_folder, mut lab) = lab();
        let order = shop::service("order").expect("it is in the table");
        assert_eq!(port(&lab, order, "postgres"), lab.ports.postgres());
        lab.postgres_edges = true;
        assert_ne!(port(&lab, order, "postgres"), lab.ports.postgres());
    }
}
