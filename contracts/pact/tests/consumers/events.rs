//! The schemas say what the services' own code writes, no more and no less, and readers mind nothing else.

use std::collections::{BTreeMap, BTreeSet};

use chassis::{
    events::{Event, NewEvent},
    telemetry::propagation::TraceContext,
};
use chrono::DateTime;
use contracts::events;
use jsonschema::Validator;
use notification::News;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::recording::contracts as folder;

/// Stricter than a reader may be: a member that no schema knows is a promise that nobody wrote down.
fn strict(schema: &Value) -> Validator {
    let mut schema = schema.clone();
    close(&mut schema);
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).unwrap()
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("properties") {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn all_written() -> Vec<NewEvent> {
    let written = events::written().into_iter();
    written.flat_map(|(_, events)| events).collect()
}

#[test]
fn what_the_services_write_fits_the_schemas_and_every_schema_has_a_writer() {
    let schemas = events::schemas(&folder(), "events").unwrap();
    let mut unwritten: BTreeMap<_, _> = schemas
        .iter()
        .map(|(key, schema)| {
            let members = schema["properties"].as_object().unwrap().keys();
            (key.clone(), members.cloned().collect::<BTreeSet<_>>())
        })
        .collect();
    for event in all_written() {
        let key = (event.event_type.to_owned(), event.data_version);
        let schema = schemas
            .get(&key)
            .unwrap_or_else(|| panic!("no schema for {key:?}"));
        let flaws: Vec<_> = strict(schema)
            .iter_errors(&event.data)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(flaws.is_empty(), "{key:?}: {flaws:?}\n{:#}", event.data);
        let members = unwritten.get_mut(&key).unwrap();
        members.retain(|member| event.data.get(member).is_none());
    }
    unwritten.retain(|_, members| !members.is_empty());
    assert!(unwritten.is_empty(), "nobody writes {unwritten:?}");
}

#[test]
fn the_asyncapi_document_that_is_checked_in_is_that_of_the_code() {
    let document = events::document(&folder()).unwrap();
    assert!(
        document.is_current(&folder()).unwrap(),
        "contracts/asyncapi.json is not what the code says; `faultline contracts generate` writes it"
    );
}

#[test]
fn no_released_event_is_broken() {
    let schemas = |place| events::schemas(&folder(), place).unwrap();
    let broken = events::breaks(&schemas("released/events"), &schemas("events"));
    let named: Vec<_> = broken.iter().map(ToString::to_string).collect();
    assert!(named.is_empty(), "{}", named.join("\n"));
}

#[test]
fn whatever_breaks_a_reader_of_an_event_is_named() {
    let key = ("OrderPaid".to_owned(), 1);
    let released = events::schemas(&folder(), "events").unwrap();
    let after = |change: fn(&mut Value)| {
        let mut schemas = released.clone();
        change(schemas.get_mut(&key).unwrap());
        let broken = events::breaks(&released, &schemas);
        broken.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let gone = after(|schema| {
        schema["properties"]
            .as_object_mut()
            .unwrap()
            .remove("total");
    });
    assert_eq!(gone, ["OrderPaid v1: data .total: is gone"]);
    let retyped = after(|schema| schema["properties"]["payment_id"]["type"] = "integer".into());
    assert_eq!(
        retyped,
        ["OrderPaid v1: data .payment_id: was string, is integer"]
    );
    let added = after(|schema| schema["properties"]["gift"] = json!({ "type": "boolean" }));
    assert_eq!(added, Vec::<String>::new());
    let mut without = released.clone();
    without.remove(&key);
    let broken = events::breaks(&released, &without);
    assert_eq!(broken[0].to_string(), "OrderPaid v1: is gone");
}

#[test]
fn whatever_is_read_is_written_on_that_topic() {
    let written = all_written();
    for reading in events::readings() {
        for event_type in reading.types {
            let found = written
                .iter()
                .any(|event| event.topic == reading.topic && event.event_type == *event_type);
            assert!(found, "{reading:?}: nobody writes {event_type}");
        }
    }
}

fn arrived(event: &NewEvent) -> Event {
    Event {
        id: Uuid::now_v7(),
        source: "/services/somebody".to_owned(),
        event_type: event.event_type.to_owned(),
        subject: event.aggregate_id,
        sequence: event.aggregate_version,
        time: DateTime::UNIX_EPOCH,
        correlation_id: event.correlation_id.clone(),
        data_version: event.data_version,
        data: event.data.clone(),
        trace: TraceContext::default(),
    }
}

#[test]
fn a_reader_ignores_types_and_members_that_it_does_not_know() {
    for event in all_written() {
        let known = arrived(&event);
        let mut novel = known.clone();
        novel.data["novelty"] = json!({ "x": [1] });
        assert_eq!(News::read(&novel).unwrap(), News::read(&known).unwrap());
        novel.event_type = "SomethingNew".to_owned();
        assert_eq!(News::read(&novel).unwrap(), None);
    }
}
