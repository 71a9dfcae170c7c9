//! The events: a JSON Schema for each type and version in `contracts/events`, and the AsyncAPI document that says who
//! writes them where and who reads them. The schemas are written by hand and held against what the services' own code
//! writes; the document is made from both.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use chassis::events::{Handle, NewEvent};
use serde_json::{Value, json};

use crate::{
    breaking::{self, Break},
    files::{self, File},
};

/// A type and the version of its shape, with the schema.
pub type Schemas = BTreeMap<(String, u16), Value>;

/// Who reads what.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The service.
    pub service: &'static str,
    /// Its consumer group.
    pub group: &'static str,
    /// Where the events are.
    pub topic: &'static str,
    /// Types that have an effect; all others are passed over.
    pub types: &'static [&'static str],
}

/// Events of each service, at least one of each type, made by the code that writes them.
pub fn written() -> Vec<(&'static str, Vec<NewEvent>)> {
    vec![
        ("user", user::example_events()),
        ("product", product::example_events()),
        ("inventory", inventory::example_events()),
        ("order", order::example_events()),
        ("payment", payment::example_events()),
    ]
}

/// What each service reads, as its own code says.
pub fn readings() -> Vec<Reading> {
    use inventory::worker::{orders, products};
    let mut readings = vec![
        Reading {
            service: "inventory",
            group: products::GROUP,
            topic: products::TOPIC,
            types: products::Products::EVENT_TYPES,
        },
        Reading {
            service: "inventory",
            group: orders::GROUP,
            topic: orders::TOPIC,
            types: orders::Orders::EVENT_TYPES,
        },
        Reading {
            service: "order",
            group: order::payments::CONSUMER,
            topic: order::payments::TOPIC,
            types: order::payments::PaymentEvents::EVENT_TYPES,
        },
    ];
    let news = notification::EVENT_TYPES.map(|(topic, types)| Reading {
        service: "notification",
        group: notification::GROUP,
        topic,
        types,
    });
    readings.extend(news);
    readings
}

/// The schemas in a folder of `contracts`: `events`, or `released/events`.
///
/// # Errors
/// A file that is not called `Type.v1.json`, or holds no JSON.
pub fn schemas(contracts: &Path, folder: &str) -> anyhow::Result<Schemas> {
    let mut schemas = Schemas::new();
    for entry in fs::read_dir(contracts.join(folder)).with_context(|| folder.to_owned())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        let parts = name
            .strip_suffix(".json")
            .and_then(|name| name.split_once(".v"));
        let (event_type, version) = parts.with_context(|| format!("{path}: not Type.v1.json"))?;
        let version = version.parse().context(path.clone())?;
        let schema = files::read(contracts, &path)?.context("it was just listed")?;
        schemas.insert((event_type.to_owned(), version), schema);
    }
    Ok(schemas)
}

/// The schemas as they are checked in.
pub fn schema_files(schemas: &Schemas) -> Vec<File> {
    let file = |((event_type, version), schema): (&(String, u16), &Value)| {
        File::json(format!("events/{event_type}.v{version}.json"), schema)
    };
    schemas.iter().map(file).collect()
}

/// What the schemas break of the released ones, with the type in the place of an operation.
pub fn breaks(released: &Schemas, now: &Schemas) -> Vec<Break> {
    let mut broken = Vec::new();
    for ((event_type, version), old) in released {
        let operation = format!("{event_type} v{version}");
        match now.get(&(event_type.clone(), *version)) {
            None => broken.push(Break {
                operation,
                change: "is gone".to_owned(),
            }),
            Some(new) => broken.extend(breaking::of_event(&operation, old, new)),
        }
    }
    broken
}

/// `asyncapi.json`.
///
/// # Errors
/// The schemas cannot be read, or one is missing.
pub fn document(contracts: &Path) -> anyhow::Result<File> {
    let schemas = schemas(contracts, "events")?;
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Faultline: events",
            "version": "1",
            "license": { "name": "MIT" },
            "description": "What the services tell each other over Kafka: CloudEvents 1.0 in binary mode, at least once, \
                in order for each aggregate. Readers ignore types and members that they do not know.",
        },
        "defaultContentType": "application/json",
        "components": { "messageTraits": { "cloudEvent": envelope() } },
    });
    for (service, events) in written() {
        write(&mut document, service, &events, &schemas)?;
    }
    for reading in readings() {
        read(&mut document, reading);
    }
    Ok(File::json("asyncapi.json", &document))
}

fn write(
    document: &mut Value,
    service: &str,
    events: &[NewEvent],
    schemas: &Schemas,
) -> anyhow::Result<()> {
    let topic = events
        .first()
        .context("a service that writes events")?
        .topic;
    document["channels"][service] = json!({
        "address": topic,
        "description": format!("What happened in {service}."),
        "bindings": { "kafka": { "topic": topic, "bindingVersion": "0.5.0" } },
    });
    let mut names: Vec<&str> = events.iter().map(|event| event.event_type).collect();
    names.sort_unstable();
    names.dedup();
    for event in events {
        let (name, version) = (event.event_type, event.data_version);
        let schema = schemas.get(&(name.to_owned(), version));
        let schema =
            schema.with_context(|| format!("no contracts/events/{name}.v{version}.json"))?;
        document["channels"][service]["messages"][name] = reference("components/messages", name);
        document["components"]["messages"][name] = json!({
            "name": name,
            "summary": schema["description"],
            "contentType": "application/json",
            "traits": [reference("components/messageTraits", "cloudEvent")],
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-2020-12",
                "schema": { "$ref": format!("events/{name}.v{version}.json") },
            },
        });
    }
    document["operations"][format!("{service}.publish")] = json!({
        "action": "send",
        "channel": reference("channels", service),
        "summary": format!("{service} tells what happened."),
        "messages": messages(service, &names),
    });
    Ok(())
}

fn read(document: &mut Value, reading: Reading) {
    let Reading {
        service,
        group,
        topic,
        types,
    } = reading;
    let writer = topic.trim_end_matches(".events");
    document["operations"][format!("{group}.from.{writer}")] = json!({
        "action": "receive",
        "channel": reference("channels", writer),
        "summary": format!("{service} applies them, once each."),
        "bindings": { "kafka": { "groupId": { "const": group }, "bindingVersion": "0.5.0" } },
        "messages": messages(writer, types),
    });
}

fn messages(channel: &str, types: &[&str]) -> Value {
    let message = |name: &&str| reference(&format!("channels/{channel}/messages"), name);
    types.iter().map(message).collect()
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

/// What is around every event: see `chassis::events::envelope`.
fn envelope() -> Value {
    let text = |meaning: &str| json!({ "type": "string", "description": meaning });
    let uuid =
        |meaning: &str| json!({ "type": "string", "format": "uuid", "description": meaning });
    let count = |meaning: &str| json!({ "type": "string", "pattern": "^[1-9][0-9]*$", "description": meaning });
    let headers = json!({
        "ce_specversion": { "const": "1.0" },
        "ce_id": uuid("Unique; the key of deduplication."),
        "ce_type": text("Name of the event."),
        "ce_source": text("The service that wrote it, for example `/services/order`."),
        "ce_time": { "type": "string", "format": "date-time" },
        "ce_subject": uuid("The aggregate; also the key of the message."),
        "ce_sequence": count("Version of the aggregate after the event, without gaps."),
        "ce_correlationid": text("Joins everything that one request caused."),
        "ce_dataversion": count("Version of the shape of the body."),
        "content-type": { "const": "application/json" },
    });
    let names: Vec<&String> = headers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
        .collect();
    json!({
        "headers": { "type": "object", "required": names, "properties": headers.clone() },
        "bindings": { "kafka": {
            "key": { "type": "string", "format": "uuid" },
            "bindingVersion": "0.5.0",
        } },
    })
}
