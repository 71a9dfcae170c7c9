//! The files in `contracts` are what the code says, and the code keeps what was released.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use contracts::{breaking, files, openapi};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn the_documents_that_are_checked_in_are_those_of_the_code() {
    for file in openapi::files() {
        let current = file.is_current(&folder()).unwrap();
        assert!(
            current,
            "contracts/{} is not what the code says; `faultline contracts generate` writes it",
            file.path
        );
    }
}

#[test]
fn nothing_that_was_released_is_broken() {
    for (service, document) in openapi::documents() {
        let path = format!("released/openapi/{service}.json");
        let released = files::read(&folder(), &path).unwrap();
        let released = released.unwrap_or_else(|| panic!("contracts/{path} is not there"));
        let broken = breaking::breaks(&released, &document);
        let named: Vec<_> = broken.iter().map(ToString::to_string).collect();
        assert!(
            named.is_empty(),
            "{service} breaks what was released:\n{}",
            named.join("\n")
        );
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own() {
    for (service, document) in openapi::documents() {
        let mut references = Vec::new();
        collect(&document, &mut references);
        for reference in references {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{service}: {reference} leads nowhere");
        }
        let mut names = BTreeSet::new();
        for methods in document["paths"].as_object().unwrap().values() {
            for operation in methods.as_object().unwrap().values() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(
                    names.insert(name),
                    "{service}: two operations are called {name}"
                );
            }
        }
        assert!(!names.is_empty(), "{service} describes nothing");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
