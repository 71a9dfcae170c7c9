//! The format as a JSON Schema, for editors and for whoever writes experiments by program. Chaos Toolkit has none that fits
//! its own files. `chaos/experiments/schema.json` is what [`schema`] gives.

use serde_json::{Map, Value, json};

use crate::experiment::{Looks, Undo};

/// Where it is published.
pub const FILE: &str = "chaos/experiments/schema.json";

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let words = |words: Vec<&str>| json!({ "enum": words });
    let looks = words(Looks::WORDS.iter().map(|(word, _)| *word).collect());
    let undo = words(Undo::WORDS.iter().map(|(word, _)| *word).collect());
    let strategy = |of: Value| object(json!({ "strategy": of }), &[]);
    let activities = json!({ "type": "array", "items": { "$ref": "#/$defs/activity" } });
    let controls = json!({ "type": "array", "description": "Chaos Toolkit only" });
    let mut root = object(
        json!({
            "$schema": { "type": "string" },
            "version": {},
            "title": { "type": "string" },
            "description": { "type": "string" },
            "tags": { "type": "array", "items": { "type": "string" } },
            "configuration": { "type": "object", "additionalProperties": { "$ref": "#/$defs/setting" } },
            "secrets": { "type": "object", "additionalProperties": { "type": "object" } },
            "steady-state-hypothesis": object(json!({
                "title": { "type": "string" },
                "probes": {
                    "type": "array",
                    "items": { "allOf": [{ "$ref": "#/$defs/activity" }, { "required": ["tolerance"] }] },
                },
                "controls": controls,
            }), &["title"]),
            "method": activities,
            "rollbacks": activities,
            "controls": controls,
            "extensions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "if": { "properties": { "name": { "const": "faultline" } } },
                    "then": { "$ref": "#/$defs/faultline" },
                },
            },
            "contributions": { "type": "object" },
            "runtime": object(json!({ "hypothesis": strategy(looks), "rollbacks": strategy(undo) }), &[]),
            "dry": {},
        }),
        &["title", "description", "method"],
    );
    let definitions = json!({
        "activity": activity(),
        "setting": setting(),
        "provider": provider(),
        "tolerance": tolerance(),
        "faultline": extension(),
        "seconds": { "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string", "pattern": "\\$\\{" }] },
    });
    let about = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Chaos Toolkit experiment, as Faultline runs it",
        "$defs": definitions,
    });
    if let (Some(root), Value::Object(about)) = (root.as_object_mut(), about) {
        root.extend(about);
    }
    root
}

/// An object of nothing but these, notes of one's own (`x-…`) aside.
fn object(properties: Value, required: &[&str]) -> Value {
    let mut all = Map::new();
    all.insert("type".to_owned(), "object".into());
    all.insert("properties".to_owned(), properties);
    all.insert("patternProperties".to_owned(), json!({ "^x-": {} }));
    all.insert("additionalProperties".to_owned(), false.into());
    if !required.is_empty() {
        all.insert("required".to_owned(), json!(required));
    }
    Value::Object(all)
}

fn activity() -> Value {
    let seconds = json!({ "$ref": "#/$defs/seconds" });
    let written = object(
        json!({
            "type": { "enum": ["probe", "action"] },
            "name": { "type": "string" },
            "provider": { "$ref": "#/$defs/provider" },
            "background": { "type": "boolean" },
            "pauses": object(json!({ "before": seconds, "after": seconds }), &[]),
            "controls": { "type": "array" },
            "configuration": { "type": "object" },
            "tolerance": { "$ref": "#/$defs/tolerance" },
            "dry": {},
            "timeout": {},
            "ref": { "type": "string", "description": "name of another activity that is done here as well" },
        }),
        &[],
    );
    let here = json!({ "required": ["type", "name", "provider"] });
    json!({ "allOf": [written, { "anyOf": [here, { "required": ["ref"] }] }] })
}

fn setting() -> Value {
    let env = object(
        json!({
            "type": { "const": "env" },
            "key": { "type": "string" },
            "default": {},
            "env_var_type": { "enum": ["str", "bytes", "int", "float", "bool", "json"] },
            "path": {},
        }),
        &["type", "key"],
    );
    json!({ "if": { "type": "object", "properties": { "type": { "const": "env" } }, "required": ["type"] }, "then": env })
}

fn provider() -> Value {
    let seconds = json!({ "$ref": "#/$defs/seconds" });
    let http = object(
        json!({
            "type": { "const": "http" },
            "url": { "type": "string" },
            "method": { "type": "string" },
            "headers": { "type": "object" },
            "arguments": {},
            "timeout": { "anyOf": [seconds, { "type": "array", "minItems": 2, "maxItems": 2 }] },
            "expected_status": { "type": "integer", "minimum": 100, "maximum": 599 },
            "max_retries": { "type": "integer", "minimum": 0, "maximum": 100 },
            "verify_tls": { "type": "boolean" },
            "secrets": {},
        }),
        &["type", "url"],
    );
    let process = object(
        json!({
            "type": { "const": "process" },
            "path": { "type": "string", "description": "faultline breaks this lab: chaos set, chaos arm, kill, pause, restart, chaos stop" },
            "arguments": { "type": ["array", "object", "string"] },
            "timeout": seconds,
            "secrets": {},
        }),
        &["type", "path"],
    );
    json!({ "oneOf": [http, process] })
}

fn tolerance() -> Value {
    let target = json!({ "type": "string" });
    let kind = |name: &str| json!({ "const": name });
    let regex = json!({ "type": kind("regex"), "pattern": { "type": "string" }, "target": target });
    let path = json!({
        "type": kind("jsonpath"), "path": { "type": "string" }, "target": target,
        "count": { "type": "integer", "minimum": 0 }, "expect": {},
    });
    let two =
        json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 });
    let range = json!({ "type": kind("range"), "range": two, "target": target });
    json!({
        "anyOf": [
            { "type": ["boolean", "integer", "string", "array"] },
            object(regex, &["type", "pattern"]),
            object(path, &["type", "path"]),
            object(range, &["type", "range"]),
        ],
    })
}

fn extension() -> Value {
    let seconds = json!({ "type": "number", "minimum": 0, "maximum": 3600 });
    let percent = json!({ "type": "number", "minimum": 0, "maximum": 100 });
    let bound = || {
        let p95 = json!({ "type": "number", "minimum": 0, "maximum": 60000 });
        object(
            json!({ "errors_percent_max": percent, "p95_ms_max": p95 }),
            &[],
        )
    };
    let load = json!({
        "rate": { "type": "number", "minimum": 0.1, "maximum": 1000, "description": "visits a second" },
        "before_s": seconds,
        "after_s": seconds,
        "scenarios": {
            "type": "object",
            "additionalProperties": { "type": "integer", "minimum": 0, "maximum": 1000 },
            "description": "weight by scenario, as in the profiles of the load; without it, what customers of the demo do",
        },
    });
    let customers = json!({
        "before": bound(), "during": bound(), "after": bound(), "recovery_s_max": seconds,
    });
    let guard = json!({
        "errors_percent_max": percent,
        "over_s": { "type": "number", "minimum": 1, "maximum": 3600 },
    });
    let count = json!({ "type": "number", "minimum": 0 });
    let rise = json!({
        "service": { "type": "string" },
        "metric": { "type": "string" },
        "labels": { "type": "object", "additionalProperties": { "type": "string" } },
        "by": count,
        "by_max": count,
    });
    let without = json!({
        "service": { "type": "string" },
        "protection": { "type": "string", "description": "its name at the service's admin port, /protections" },
        "turns_red": { "type": "string", "description": "what notices: a check of the books, an edge with a breaker, a counter" },
    });
    object(
        json!({
            "name": { "const": "faultline" },
            "load": object(load, &["rate"]),
            "customers": object(customers, &[]),
            "guard": object(guard, &["errors_percent_max"]),
            "breakers_open": { "type": "array", "items": { "type": "string" } },
            "hits_max": count,
            "rises": { "type": "array", "items": object(rise, &["service", "metric"]) },
            "books": { "type": "boolean" },
            "without": { "type": "array", "items": object(without, &["service", "protection", "turns_red"]) },
        }),
        &["name"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::keys;

    /// The schema and the reader of files must know the same keys.
    #[test]
    fn the_schema_knows_the_keys_that_are_read() {
        let schema = schema();
        let named = |path: &str| -> Vec<String> {
            let properties = schema.pointer(path).and_then(Value::as_object);
            let properties = properties.unwrap_or_else(|| panic!("no {path}"));
            properties.keys().cloned().collect()
        };
        for (path, known) in [
            ("/properties", &keys::EXPERIMENT[..]),
            ("/$defs/activity/allOf/0/properties", &keys::ACTIVITY[..]),
            ("/$defs/provider/oneOf/0/properties", &keys::HTTP[..]),
            ("/$defs/provider/oneOf/1/properties", &keys::PROCESS[..]),
            ("/$defs/faultline/properties", &keys::EXTENSION[..]),
        ] {
            let mut known: Vec<String> = known.iter().map(|key| (*key).to_owned()).collect();
            let mut found = named(path);
            known.sort();
            found.sort();
            assert_eq!(found, known, "{path}");
        }
    }
}
