//! contracts/openapi: each error that an operation is described with is one that a service can answer, with that status.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{problems::catalogue, sources};

const FOLDER: &str = "contracts/openapi";

/// Codes that no operation is described with: they belong to paths and methods that do not exist and to the admin port,
/// which is not part of an API.
const UNDESCRIBED: [&str; 7] = [
    "api_version_unknown",
    "crash_point_invalid",
    "log_level_fixed",
    "log_level_invalid",
    "method_not_allowed",
    "protection_invalid",
    "route_not_found",
];

/// Status and code of every problem in a document.
fn described(document: &Value, found: &mut BTreeSet<(u64, String)>) {
    if let Some(schema) = document.get("properties") {
        let codes = schema["code"]["enum"].as_array();
        let status = schema["status"]["enum"][0].as_u64();
        if let (Some(codes), Some(status)) = (codes, status) {
            let codes = codes
                .iter()
                .map(|code| (status, code.as_str().unwrap().to_owned()));
            found.extend(codes);
        }
    }
    match document {
        Value::Object(members) => members.values().for_each(|member| described(member, found)),
        Value::Array(items) => items.iter().for_each(|item| described(item, found)),
        _ => {}
    }
}

fn all_described() -> BTreeSet<(u64, String)> {
    let mut found = BTreeSet::new();
    for file in sources::entries(FOLDER) {
        let document = serde_json::from_str(&sources::read(&file)).unwrap();
        described(&document, &mut found);
    }
    found
}

#[test]
fn every_code_that_is_described_can_be_answered_with_that_status() {
    let catalogue = catalogue();
    for (status, code) in all_described() {
        let facts = catalogue.get(&code);
        let facts = facts.unwrap_or_else(|| panic!("no service answers {code}"));
        let status = u16::try_from(status).unwrap();
        assert!(facts.statuses.contains(&status), "{code} is not {status}");
    }
}

#[test]
fn every_code_that_can_be_answered_is_described() {
    let described: BTreeSet<String> = all_described().into_iter().map(|(_, code)| code).collect();
    let missing: Vec<String> = catalogue()
        .into_keys()
        .filter(|code| !described.contains(code) && !UNDESCRIBED.contains(&code.as_str()))
        .collect();
    assert_eq!(
        missing, [""; 0],
        "answered, but described nowhere in {FOLDER}"
    );
}
