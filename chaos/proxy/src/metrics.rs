//! The proxy in Prometheus' text format: Toxiproxy's two counters, counted while connections live, and ours.

use std::fmt::Write as _;

use crate::fault::Hits;
use crate::registry::{EdgeView, Registry, TrafficView};

/// Name, kind, help, value.
type OfTraffic = (
    &'static str,
    &'static str,
    &'static str,
    fn(&TrafficView) -> u64,
);
type OfHits = (&'static str, &'static str, fn(&Hits) -> u64);
/// Name, help, bytes from clients, bytes from the server.
type OfBytes = (
    &'static str,
    &'static str,
    fn(&TrafficView) -> u64,
    fn(&TrafficView) -> u64,
);

const BYTES: [OfBytes; 2] = [
    (
        "toxiproxy_proxy_received_bytes_total",
        "Bytes that came in.",
        |traffic| traffic.upstream_received_bytes,
        |traffic| traffic.downstream_received_bytes,
    ),
    (
        "toxiproxy_proxy_sent_bytes_total",
        "Bytes that were passed on.",
        |traffic| traffic.upstream_sent_bytes,
        |traffic| traffic.downstream_sent_bytes,
    ),
];

const TRAFFIC: [OfTraffic; 4] = [
    (
        "chaos_proxy_connections",
        "gauge",
        "Connections open now.",
        |traffic| traffic.connections_open,
    ),
    (
        "chaos_proxy_connections_accepted_total",
        "counter",
        "Connections accepted.",
        |traffic| traffic.connections_accepted,
    ),
    (
        "chaos_proxy_connections_refused_total",
        "counter",
        "Connections that the upstream did not take.",
        |traffic| traffic.connections_refused,
    ),
    (
        "chaos_proxy_connections_over_limit_total",
        "counter",
        "Connections turned away because there were too many.",
        |traffic| traffic.connections_over_limit,
    ),
];

const TOLLS: [OfHits; 2] = [
    (
        "chaos_fault_hits_total",
        "How often a fault of this name has acted, over all its lives.",
        |hits| hits.hits,
    ),
    (
        "chaos_fault_bytes_total",
        "Bytes it has acted on.",
        |hits| hits.bytes,
    ),
];

/// Everything there is to know now.
#[must_use]
pub fn render(registry: &Registry) -> String {
    let edges = registry.list();
    let (active, _) = registry.faults();
    let tolls = registry.tolls();
    let mut page = String::new();
    for (name, help, up, down) in BYTES {
        let samples = edges.iter().flat_map(|edge| {
            let traffic = &edge.traffic;
            [("upstream", up(traffic)), ("downstream", down(traffic))]
                .map(|(direction, bytes)| (toxiproxy_labels(edge, direction), bytes))
        });
        family(&mut page, (name, "counter", help), samples);
    }
    for (name, kind, help, value) in TRAFFIC {
        let one = |edge: &EdgeView| (labels(&[("proxy", &edge.name)]), value(&edge.traffic));
        family(&mut page, (name, kind, help), edges.iter().map(one));
    }
    let set = active.iter().map(|fault| {
        let pairs = [
            ("fault", fault.name.as_str()),
            ("type", fault.kind),
            ("target", &fault.proxy),
        ];
        (labels(&pairs), 1)
    });
    family(
        &mut page,
        ("chaos_fault_active", "gauge", "Faults that are set now."),
        set,
    );
    for (name, help, value) in TOLLS {
        let samples = tolls.iter().map(|(edge, fault, hits)| {
            let pairs = [("fault", fault.as_str()), ("target", edge)];
            (labels(&pairs), value(hits))
        });
        family(&mut page, (name, "counter", help), samples);
    }
    page
}

fn toxiproxy_labels(edge: &EdgeView, direction: &str) -> String {
    labels(&[
        ("direction", direction),
        ("proxy", &edge.name),
        ("listener", &edge.listen),
        ("upstream", &edge.upstream),
    ])
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| {
        text.replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', r"\n")
    };
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)));
    pairs.collect::<Vec<_>>().join(",")
}

/// A family without samples is left out.
fn family(
    page: &mut String,
    (name, kind, help): (&str, &str, &str),
    samples: impl Iterator<Item = (String, u64)>,
) {
    let mut samples = samples.peekable();
    if samples.peek().is_none() {
        return;
    }
    let written = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
    written.expect("writing to memory does not fail");
    for (labels, value) in samples {
        let written = writeln!(page, "{name}{{{labels}}} {value}");
        written.expect("writing to memory does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_would_break_a_line_is_escaped() {
        assert_eq!(
            labels(&[("a", "x\"\\\ny"), ("b", "z")]),
            r#"a="x\"\\\ny",b="z""#
        );
    }
}
