//! What is run, built and mounted.

use std::{collections::BTreeSet, fs};

use faultline::shop::SERVICES;
use serde_norway::Value;

use super::file::Compose;
use crate::sources;

const DOCKERFILE: &str = "deploy/docker/Dockerfile";

#[test]
fn every_image_is_pinned_by_a_full_tag() {
    for (name, container) in Compose::read().containers {
        let (_, tag) = container.image.rsplit_once(':').unwrap_or_default();
        let numbers = tag.chars().filter(|c| *c == '.').count();
        let version = tag
            .trim_start_matches('v')
            .starts_with(|c: char| c.is_ascii_digit());
        assert!(version && numbers >= 1, "{name}: {}", container.image);
    }
    for base in instructions("FROM") {
        let image = base.split_whitespace().next().unwrap();
        let (_, tag) = image.rsplit_once(':').unwrap_or_default();
        assert!(!tag.is_empty() && tag != "latest", "{base}");
    }
}

#[test]
fn every_service_is_built_from_the_one_dockerfile_which_builds_it() {
    let build = sources::read(DOCKERFILE);
    let built: BTreeSet<&str> = build
        .split_whitespace()
        .collect::<Vec<_>>()
        .windows(2)
        .filter(|pair| pair[0] == "--bin")
        .map(|pair| pair[1])
        .collect();
    let services: BTreeSet<&str> = SERVICES.iter().map(|service| service.name).collect();
    assert_eq!(built, services, "programs that the Dockerfile builds");
    assert_eq!(looped_over(&build), services, "programs that it keeps");
    let compose = Compose::read();
    for service in &SERVICES {
        let expected = (DOCKERFILE.to_owned(), service.name.to_owned());
        assert_eq!(compose.container(service.name).build, Some(expected));
    }
}

#[test]
fn the_image_runs_without_root_and_says_whether_it_lives() {
    let users = instructions("USER");
    let [user] = &users[..] else {
        panic!("one USER, in the last stage: {users:?}");
    };
    assert!(
        user.parse::<u32>().is_ok_and(|uid| uid > 0),
        "USER {user}: a uid, not root"
    );
    let text = sources::read(DOCKERFILE);
    let last_stage = text.rsplit_once("\nFROM ").unwrap().1;
    assert!(last_stage.contains("\nUSER "));
    assert_eq!(instructions("HEALTHCHECK").len(), 1);
    assert!(sources::read("deploy/docker/live.sh").contains("GET /live "));
}

/// Instructions of the Dockerfile by their word, without what they continue on.
fn instructions(word: &str) -> Vec<String> {
    let text = sources::read(DOCKERFILE);
    let lines = text.lines().filter_map(|line| line.strip_prefix(word));
    lines.map(|rest| rest.trim().to_owned()).collect()
}

#[test]
fn the_compiler_of_the_image_is_new_enough() {
    let workspace = sources::read("Cargo.toml");
    let needed = workspace
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let image = format!("rust:{}-", needed.unwrap().trim_matches('"'));
    assert!(instructions("FROM")[0].starts_with(&image), "{image}");
}

#[test]
fn everything_that_is_mounted_exists() {
    let compose = Compose::read();
    for (name, container) in &compose.containers {
        for volume in &container.volumes {
            let source = volume.split(':').next().unwrap();
            match source.strip_prefix("./") {
                Some(path) => assert!(sources::root().join(path).exists(), "{name}: {path}"),
                None => assert!(
                    compose.volumes.iter().any(|it| it == source),
                    "{name}: {source}"
                ),
            }
        }
    }
}

#[test]
fn configuration_that_is_mounted_is_yaml_and_names_containers() {
    let compose = Compose::read();
    for path in mounted_yaml(&compose) {
        let text = sources::read(&path);
        let yaml: Value =
            serde_norway::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(yaml.is_mapping(), "{path}");
    }
    let targets = sources::read("dashboards/prometheus/compose.yml");
    for service in &SERVICES {
        let target = format!("{}:{}", service.name, service.port + super::ADMIN_OFFSET);
        assert!(
            targets.contains(&format!("[{target}]")),
            "Prometheus scrapes {target}"
        );
    }
}

fn mounted_yaml(compose: &Compose) -> Vec<String> {
    let mounts = compose.containers.values().flat_map(|it| &it.volumes);
    let files: Vec<String> = mounts
        .filter_map(|mount| {
            mount
                .split(':')
                .next()?
                .strip_prefix("./")
                .map(str::to_owned)
        })
        .filter(|path| path.ends_with(".yaml") || path.ends_with(".yml"))
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    files
}

/// The scripts are run as programs; one that is not executable would be sourced, or fail.
#[test]
#[cfg(unix)]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt as _;
    for script in [
        "deploy/secrets.sh",
        "deploy/postgres/databases.sh",
        "deploy/docker/live.sh",
    ] {
        let mode = fs::metadata(sources::root().join(script))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
}

#[test]
fn every_service_with_a_database_gets_one() {
    let script = sources::read("deploy/postgres/databases.sh");
    let expected = SERVICES.iter().filter(|service| service.has_database());
    assert_eq!(
        looped_over(&script),
        expected.map(|service| service.name).collect()
    );
}

/// The words of `for service in …; do`.
fn looped_over(script: &str) -> BTreeSet<&str> {
    let (_, rest) = script.split_once("for service in ").unwrap();
    let (words, _) = rest.split_once("; do").unwrap();
    words.split_whitespace().collect()
}
