//! What the table of services says about environments and edges.

use super::*;

fn names(service: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let lab = Lab::in_folder(folder.path(), 8000).expect("a lab");
    let service = service_named(service);
    let mut names: Vec<String> = environment(&lab, service)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.sort();
    names
}

#[test]
fn every_service_gets_exactly_what_its_row_says() {
    let order = names("order");
    for name in [
        "DATABASE_URL",
        "KAFKA_BROKERS",
        "EDGE_INVENTORY_URL",
        "EDGE_PAYMENT_URL",
        "EDGE_PRODUCT_URL",
        "JWKS_URL",
        "SERVICE_TOKEN_KEY",
    ] {
        assert!(
            order.iter().any(|found| found == name),
            "order lacks {name}: {order:?}"
        );
    }
    assert!(!order.iter().any(|found| found == "REDIS_URL"));
    let psp = names("psp");
    assert!(psp.iter().any(|found| found == "WEBHOOK_URL"));
    assert!(
        !psp.iter()
            .any(|found| found == "JWKS_URL" || found == "SERVICE_TOKEN_KEY")
    );
}

#[test]
fn no_variable_is_set_twice() {
    for service in &SERVICES {
        let mut names = names(service.name);
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{}", service.name);
    }
}

#[test]
fn payment_reaches_both_providers_at_the_psp() {
    let targets: Vec<&str> = service_named("payment")
        .edges()
        .map(|edge| edge.target().name)
        .collect();
    assert_eq!(targets, ["psp", "psp"]);
}

#[test]
fn every_edge_leads_somewhere_and_has_a_name() {
    let edges: Vec<String> = SERVICES
        .iter()
        .flat_map(Service::edges)
        .map(|edge| edge.to_string())
        .collect();
    assert!(edges.contains(&"order->payment".to_owned()), "{edges:?}");
    assert!(edges.contains(&"psp->webhook".to_owned()), "{edges:?}");
    assert_eq!(edges.len(), 13, "{edges:?}");
}
