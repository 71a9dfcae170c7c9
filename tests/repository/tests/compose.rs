//! docker-compose.yml and what it mounts and builds, checked without a container engine: the same services as in the lab,
//! each with the variables that the lab gives it, on the ports of the documentation.

mod file;
mod images;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use faultline::{
    Lab,
    cli::Global,
    ports::STANDARD_BASE,
    shop::{self, SERVICES, Service},
};

use self::file::{Compose, Container};

/// Where a service's admin port is from its port.
const ADMIN_OFFSET: u16 = 1000;

/// What the lab gives a service at the standard base.
fn in_the_lab(service: &Service) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let global = Global {
        home: Some(folder.path().to_owned()),
        base_port: Some(STANDARD_BASE.to_string().parse().unwrap()),
        bin_dir: Some(folder.path().to_owned()),
        ..Global::default()
    };
    let lab = Lab::of(&global).unwrap();
    shop::environment(&lab, service).into_iter().collect()
}

#[test]
fn every_service_of_the_shop_runs_with_the_variables_of_the_lab() {
    let compose = Compose::read();
    for service in &SERVICES {
        let container = compose.container(service.name);
        let here: BTreeSet<&str> = container.environment.keys().map(String::as_str).collect();
        let lab = in_the_lab(service);
        let there: BTreeSet<&str> = lab.keys().map(String::as_str).collect();
        assert_eq!(here, there, "{}: here (left), in the lab", service.name);
    }
}

/// Numbers and switches are the same as in the lab; only addresses and secrets differ.
#[test]
fn what_is_neither_address_nor_secret_is_as_in_the_lab() {
    const SAME: [&str; 6] = [
        "LOG_FORMAT",
        "LOG_LEVEL",
        "CRASH_POINTS_ENABLED",
        "PROTECTION_SWITCHES_ENABLED",
        "MALLOC_ARENA_MAX",
        "REQUEST_TIMEOUT_MS",
    ];
    let compose = Compose::read();
    for service in &SERVICES {
        let lab = in_the_lab(service);
        let container = compose.container(service.name);
        for name in SAME {
            let here = container.environment.get(name);
            assert_eq!(here, lab.get(name), "{}: {name}", service.name);
        }
    }
}

#[test]
fn services_listen_where_the_documentation_says_and_on_loopback_outside() {
    let compose = Compose::read();
    for service in &SERVICES {
        let container = compose.container(service.name);
        let (port, admin) = (service.port, service.port + ADMIN_OFFSET);
        assert_eq!(
            container.environment["SERVICE_HTTP_ADDR"],
            format!("0.0.0.0:{port}")
        );
        assert_eq!(
            container.environment["SERVICE_ADMIN_ADDR"],
            format!("0.0.0.0:{admin}")
        );
        let published = [port, admin].map(|port| format!("127.0.0.1:{port}:{port}"));
        assert_eq!(container.ports, published, "{}", service.name);
    }
    for (container, port) in [
        ("prometheus", 9090),
        ("jaeger", 16686),
        ("grafana", 3000),
        ("otel-collector", 4317),
        ("otel-collector", 4318),
    ] {
        let published = format!("127.0.0.1:{port}:{port}");
        assert!(
            compose.container(container).ports.contains(&published),
            "{published}"
        );
    }
}

#[test]
fn nothing_is_published_beyond_loopback_or_twice() {
    let mut seen = BTreeSet::new();
    for (name, container) in Compose::read().containers {
        for port in container.ports {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
            assert!(seen.insert(port.clone()), "{port} is published twice");
        }
    }
}

/// An edge leads to the same service, on the same port, as in the lab.
#[test]
fn edges_lead_where_they_lead_in_the_lab() {
    let compose = Compose::read();
    for service in &SERVICES {
        let container = compose.container(service.name);
        for edge in service
            .edges()
            .filter(|edge| service.calls.contains(&edge.to))
        {
            let target = edge.target();
            let variable = format!("EDGE_{}_URL", edge.to.to_uppercase());
            let expected = format!("http://{}:{}", target.name, target.port);
            assert_eq!(container.environment[&variable], expected, "{edge}");
        }
    }
}

/// Every host that a service is told of is a container of the file.
#[test]
fn every_host_in_an_address_is_a_container() {
    let compose = Compose::read();
    for service in &SERVICES {
        for (name, value) in &compose.container(service.name).environment {
            if let Some(host) = host(value) {
                let known = compose.containers.contains_key(&host);
                assert!(known, "{}: {name} names the host {host}", service.name);
            }
        }
    }
}

/// Of `http://user:8001/…`, `redis://:secret@redis:6379/` and `kafka:9092`.
fn host(value: &str) -> Option<String> {
    // A secret is a variable, whose text about its absence may hold anything.
    let plain: String = value
        .split("${")
        .enumerate()
        .map(|(at, part)| match at {
            0 => part,
            _ => part.split_once('}').unwrap().1,
        })
        .collect();
    let authority = match plain.split_once("://") {
        Some((_, rest)) => rest.split('/').next()?,
        None if plain.starts_with("kafka:") => &plain,
        None => return None,
    };
    let place = authority.rsplit('@').next()?;
    place.split(':').next().map(str::to_owned)
}

#[test]
fn a_service_waits_for_what_it_needs_and_only_healthy_things_are_waited_for() {
    let compose = Compose::read();
    for (name, container) in &compose.containers {
        for (other, condition) in &container.depends_on {
            let target = compose.container(other);
            if condition == "service_healthy" {
                assert!(
                    target.healthcheck,
                    "{name} waits for {other}, which has no healthcheck"
                );
            }
        }
    }
    for service in &SERVICES {
        let container = compose.container(service.name);
        for (variable, part) in [
            ("DATABASE_URL", "postgres"),
            ("REDIS_URL", "redis"),
            ("KAFKA_BROKERS", "kafka"),
        ] {
            let needs = container.environment.contains_key(variable);
            let waits = waits_for(container, part);
            assert_eq!(needs, waits, "{}: {variable} and depends_on", service.name);
        }
    }
}

fn waits_for(container: &Container, part: &str) -> bool {
    let condition = container.depends_on.get(part).map(String::as_str);
    condition == Some("service_healthy")
}
