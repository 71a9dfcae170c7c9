//! What every operation does without saying so: the problems of the layers and extractors around it.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    idempotency::KEY_BYTES_MAX,
    problem::{self, Document, FieldError},
};

/// As documents write it; on the wire the case does not count.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Name of problem+json among the schemas.
const PROBLEM: &str = "Problem";

type Codes = BTreeMap<u16, BTreeSet<String>>;

/// Adds the shared problems, their schema and the security scheme to a document.
pub(super) fn complete(document: &mut Value, store_away: &[&str]) {
    let mut tokens = false;
    for operation in operations(document) {
        tokens |= takes_tokens(operation);
        let mut codes = own(operation);
        describe_idempotency(operation);
        add_common(operation, store_away, &mut codes);
        describe(operation, &codes);
        say_what_is_unsaid(operation);
        parameters_are_never_null(operation);
    }
    let schemas = &mut document["components"]["schemas"];
    schemas[PROBLEM] = schema::<Document>();
    schemas["FieldError"] = schema::<FieldError>();
    if tokens {
        document["components"]["securitySchemes"]["bearer"] = json!({
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of a user, or for calls between services the token of a service.",
        });
    }
}

/// Adds problems that something in front of a service answers with to one of its finished operations.
pub(super) fn add(operation: &mut Map<String, Value>, status: u16, more: &[&str]) {
    let mut codes = own(operation);
    let entry = codes.entry(status).or_default();
    entry.extend(more.iter().map(|&code| code.to_owned()));
    describe(operation, &codes);
}

fn schema<T: utoipa::PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).expect("a schema is plain JSON")
}

pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let paths = document["paths"].as_object_mut();
    paths
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .filter(|operation| operation.contains_key("responses"))
}

/// The codes that the handler names, by status. An error with a body of its own is not ours to describe.
fn own(operation: &Map<String, Value>) -> Codes {
    let responses = operation["responses"].as_object();
    let mut codes = Codes::new();
    for (status, response) in responses.into_iter().flatten() {
        let Ok(status @ 400..) = status.parse() else {
            continue;
        };
        let described = &response["content"][problem::MEDIA_TYPE]["schema"]["allOf"][1];
        if let Some(known) = described["properties"]["code"]["enum"].as_array() {
            let known = known.iter().filter_map(Value::as_str).map(str::to_owned);
            codes.entry(status).or_default().extend(known);
        } else if response.get("content").is_none() {
            let named = response["description"].as_str().unwrap_or_default();
            let named = named.split(',').map(|code| code.trim().to_owned());
            codes.entry(status).or_default().extend(named);
        }
    }
    codes
}

/// What an operation speaks a dialect of its own by: an error 400 with a body that is not ours.
fn speaks_a_dialect(operation: &Map<String, Value>) -> bool {
    operation["responses"]["400"].get("content").is_some()
}

/// A handler says only that it takes an `Idempotency-Key`, and whether it has to; what the key looks like, and how a
/// repeated answer is told, is the same everywhere.
fn describe_idempotency(operation: &mut Map<String, Value>) {
    if speaks_a_dialect(operation) {
        return;
    }
    let parameters = operation.get_mut("parameters");
    let parameters = parameters.and_then(Value::as_array_mut);
    let is_key = |parameter: &&mut Value| {
        parameter["in"] == "header" && parameter["name"] == IDEMPOTENCY_KEY
    };
    let Some(key) = parameters.into_iter().flatten().find(is_key) else {
        return;
    };
    key["description"] = "A fresh one for each thing to be done, the same one to ask again.".into();
    key["schema"]["minLength"] = 1.into();
    key["schema"]["maxLength"] = KEY_BYTES_MAX.into();
    key["schema"]["pattern"] = "^[!-~]+$".into();
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        if status.starts_with('2') {
            response["headers"]["Idempotency-Replayed"] = json!({
                "description": "`true` on an answer that was given before.",
                "schema": { "type": ["string", "null"] },
            });
        }
    }
}

fn add_common(operation: &Map<String, Value>, store_away: &[&str], codes: &mut Codes) {
    let mut add = |status: u16, named: &[&str]| {
        let entry = codes.entry(status).or_default();
        entry.extend(named.iter().map(|&code| code.to_owned()));
    };
    add(500, &["internal_error"]);
    add(503, &["overloaded", "deadline_exceeded"]);
    add(503, store_away);
    if speaks_a_dialect(operation) {
        // Only the layers around it speak ours.
        return;
    }
    if takes_tokens(operation) {
        add(401, &["token_missing", "token_expired", "token_invalid"]);
        add(503, &["keys_unavailable"]);
    }
    if operation.contains_key("requestBody") {
        add(400, &["malformed_json", "body_unreadable"]);
        add(413, &["body_too_large"]);
        add(415, &["content_type_not_json"]);
        add(422, &["validation_failed"]);
    }
    for parameter in parameters(operation) {
        match (parameter["in"].as_str(), parameter["name"].as_str()) {
            (Some("path"), _) => add(404, &["resource_not_found"]),
            (Some("query"), _) => add(422, &["validation_failed"]),
            (Some("header"), Some(IDEMPOTENCY_KEY)) => {
                add(400, &["idempotency_key_invalid"]);
                if parameter["required"] == json!(true) {
                    add(400, &["idempotency_key_missing"]);
                }
                add(409, &["idempotency_in_progress"]);
                add(422, &["idempotency_key_reused"]);
            }
            _ => {}
        }
    }
}

fn takes_tokens(operation: &Map<String, Value>) -> bool {
    let schemes = operation.get("security").and_then(Value::as_array);
    let mut schemes = schemes.into_iter().flatten();
    schemes.any(|scheme| scheme.get("bearer").is_some())
}

fn parameters(operation: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let parameters = operation.get("parameters").and_then(Value::as_array);
    parameters.into_iter().flatten()
}

fn describe(operation: &mut Map<String, Value>, codes: &Codes) {
    for (status, codes) in codes {
        let schema = json!({ "allOf": [
            { "$ref": format!("#/components/schemas/{PROBLEM}") },
            { "type": "object", "properties": {
                "code": { "type": "string", "enum": codes },
                "status": { "type": "integer", "enum": [status] },
            } },
        ] });
        let response = &mut operation["responses"][status.to_string()];
        let named: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
        response["description"] = named.join(", ").into();
        response["content"][problem::MEDIA_TYPE]["schema"] = schema;
        if let Some((name, meaning)) = header(*status) {
            response["headers"] = json!({ name: {
                "description": meaning, "schema": { "type": "string" },
            } });
        }
    }
}

/// The specification asks for a description of each response; and a handler's own comment begins with its method and path,
/// which the document says already.
fn say_what_is_unsaid(operation: &mut Map<String, Value>) {
    if let Some(Value::String(summary)) = operation.get_mut("summary")
        && let Some((_, rest)) = summary.split_once("`: ")
    {
        *summary = rest.to_owned();
    }
    let responses = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut);
    for (status, response) in responses.into_iter().flatten() {
        let status: Option<StatusCode> = status.parse().ok();
        let reason = status.and_then(|status| status.canonical_reason());
        if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] = reason.unwrap_or("See the schema.").into();
        }
    }
}

/// What is optional may be left out; there is no way to send a null in a path, a query or a header.
fn parameters_are_never_null(operation: &mut Map<String, Value>) {
    let parameters = operation.get_mut("parameters");
    let parameters = parameters.and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let Some(types) = parameter.pointer_mut("/schema/type") else {
            continue;
        };
        let named = types.as_array().into_iter().flatten();
        let mut named = named.filter(|name| *name != "null").cloned();
        if let (Some(only), None) = (named.next(), named.next()) {
            *types = only;
        }
    }
}

fn header(status: u16) -> Option<(&'static str, &'static str)> {
    match status {
        401 => Some(("WWW-Authenticate", "The challenge of RFC 6750.")),
        429 | 503 => Some(("Retry-After", "Whole seconds to wait.")),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
