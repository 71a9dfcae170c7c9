//! Secrets come from `.env` alone, and the script that makes it makes all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use faultline::shop::SERVICES;

use super::file::Compose;
use crate::sources;

/// `${NAME:?…}` in the compose file.
fn wanted() -> BTreeSet<String> {
    let text = sources::read("docker-compose.yml");
    let names = text.split("${").skip(1).map(|rest| {
        let (name, after) = rest.split_once(":?").unwrap_or_default();
        assert!(
            after.starts_with("run deploy/secrets.sh}"),
            "a variable without a mend: {rest:.40}"
        );
        name.to_owned()
    });
    names.collect()
}

fn made() -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("env");
    let script = sources::root().join("deploy/secrets.sh");
    let run = || Command::new(&script).arg(&file).output().unwrap();
    let first = run();
    assert!(
        first.status.success(),
        "{}",
        String::from_utf8_lossy(&first.stderr)
    );
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        !run().status.success(),
        "a second run must not replace secrets"
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let pairs = text.lines().map(|line| line.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_script_makes_every_secret_that_is_asked_for() {
    let made = made();
    for name in wanted() {
        assert!(
            made.get(&name).is_some_and(|value| value.len() >= 32),
            "{name}"
        );
    }
    let values: BTreeSet<&String> = made.values().collect();
    assert_eq!(values.len(), made.len(), "no secret stands for two");
}

/// What the services' configuration asks of the forms, as far as it can be seen from outside.
#[test]
fn the_secrets_have_the_forms_that_services_ask_for() {
    let made = made();
    let hex = |value: &str, bytes: usize| {
        value.len() == 2 * bytes && value.chars().all(|c| c.is_ascii_hexdigit())
    };
    assert!(hex(&made["KEY_ENCRYPTION_KEY"], 32));
    assert!(hex(&made["PARTNER_API_KEY_SHA256"], 32));
    assert!(made["PAYMENT_ENCRYPTION_KEYS"].starts_with("1:"));
    for (name, value) in &made {
        let plain = !value.contains(['"', '\'', '$', '#', ' ', '@', '\\']);
        assert!(plain, "{name} would need quotes in a file or a URL");
    }
}

/// Nothing secret is written down: where the lab makes a secret, the file has a variable.
#[test]
fn no_secret_is_in_the_file() {
    let compose = Compose::read();
    for service in &SERVICES {
        for (name, value) in &compose.container(service.name).environment {
            let secret = ["KEY", "KEYS", "SECRET", "PASSWORD"];
            if secret.iter().any(|word| name.ends_with(word)) {
                assert!(value.contains("${"), "{}: {name}", service.name);
            }
        }
    }
    let ignored = sources::read(".gitignore");
    assert!(
        ignored.lines().any(|line| line == "/.env"),
        ".env is not for the repository"
    );
    assert!(
        sources::read(".dockerignore")
            .lines()
            .any(|line| line == "/.env")
    );
}
