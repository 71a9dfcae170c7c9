//! Numbers as documented, blocks that do not meet, bases that are refused.

use super::*;
use std::collections::HashSet;

#[test]
fn at_the_standard_base_ports_are_those_of_the_documentation() {
    let ports = Ports::at(STANDARD_BASE);
    let gateway = shop::service("gateway").expect("there is a gateway");
    assert_eq!((ports.service(gateway), ports.admin(gateway)), (8080, 9080));
    assert_eq!((ports.postgres(), ports.chaos()), (8432, 8474));
    assert_eq!((ports.prometheus(), ports.alertmanager()), (9090, 9093));
    let telemetry = [ports.otlp_grpc(), ports.otlp_http(), ports.traces()];
    assert_eq!(telemetry, [4317, 4318, 16_686]);
    assert_eq!((ports.grafana(), Ports::at(9000).grafana()), (3000, 9300));
    assert_eq!(Ports::at(9000).postgres(), 9432);
    assert_eq!(Ports::at(9000).traces(), 9319);
    assert_eq!(Ports::at(2000).postgres(), 2432);
}

#[test]
fn two_blocks_share_no_port_and_a_block_has_no_port_twice() {
    let mut seen = HashSet::new();
    for base in [STANDARD_BASE]
        .into_iter()
        .chain(AUTO_BASES.step_by(AUTO_STEP))
    {
        for port in Ports::at(base).all() {
            assert!(
                seen.insert(port.port),
                "{} of base {base} collides",
                port.name
            );
        }
    }
}

#[test]
fn a_base_is_a_number_in_range_or_auto() {
    assert_eq!("auto".parse(), Ok(BaseWish::Auto));
    assert_eq!("9000".parse(), Ok(BaseWish::At(9000)));
    for wrong in ["80", "40000", "x", ""] {
        assert!(wrong.parse::<BaseWish>().is_err(), "{wrong}");
    }
}
