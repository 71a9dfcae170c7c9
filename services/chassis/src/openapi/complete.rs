//! What every operation does without saying so: the problems of the layers and extractors around it.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::problem::{self, Document, FieldError};

/// Name of problem+json among the schemas.
const PROBLEM: &str = "Problem";

type Codes = BTreeMap<u16, BTreeSet<String>>;

/// Adds the shared problems, their schema and the security scheme to a document.
pub(super) fn complete(document: &mut Value, store_away: &[&str]) {
    let mut tokens = false;
    for operation in operations(document) {
        tokens |= takes_tokens(operation);
        let mut codes = own(operation);
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

fn add_common(operation: &Map<String, Value>, store_away: &[&str], codes: &mut Codes) {
    let mut add = |status: u16, named: &[&str]| {
        let entry = codes.entry(status).or_default();
        entry.extend(named.iter().map(|&code| code.to_owned()));
    };
    add(500, &["internal_error"]);
    add(503, &["overloaded", "deadline_exceeded"]);
    add(503, store_away);
    if operation["responses"]["400"].get("content").is_some() {
        // It speaks a dialect of its own; only the layers around it speak ours.
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
            (Some("header"), Some("Idempotency-Key")) => {
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
mod tests {
    use super::*;

    fn completed(operation: &Value) -> Value {
        let mut document = json!({ "paths": { "/x": { "post": operation } }, "components": {} });
        complete(&mut document, &["database_unavailable"]);
        document["paths"]["/x"]["post"]["responses"].take()
    }

    fn codes(response: &Value) -> &Value {
        let schema = &response["content"][problem::MEDIA_TYPE]["schema"];
        &schema["allOf"][1]["properties"]["code"]["enum"]
    }

    #[test]
    fn an_operation_answers_with_its_own_codes_and_those_of_what_it_takes() {
        let responses = completed(&json!({
            "requestBody": {},
            "security": [{ "bearer": [] }],
            "parameters": [{ "in": "header", "name": "Idempotency-Key", "required": true }],
            "responses": { "200": {}, "409": { "description": "sku_taken, sku_odd" } },
        }));
        let conflict = json!(["idempotency_in_progress", "sku_odd", "sku_taken"]);
        assert_eq!(codes(&responses["409"]), &conflict);
        let bad = json!([
            "body_unreadable",
            "idempotency_key_invalid",
            "idempotency_key_missing",
            "malformed_json"
        ]);
        assert_eq!(codes(&responses["400"]), &bad);
        assert!(responses["503"]["headers"]["Retry-After"].is_object());
        assert_eq!(responses["200"], json!({ "description": "OK" }));
    }

    #[test]
    fn an_operation_that_takes_nothing_can_only_fail_on_our_side() {
        let responses = completed(&json!({ "responses": { "204": {} } }));
        let statuses: Vec<_> = responses.as_object().unwrap().keys().collect();
        assert_eq!(statuses, ["204", "500", "503"]);
    }

    #[test]
    fn a_parameter_that_may_be_left_out_is_not_null() {
        let mut document = json!({ "paths": { "/x": { "get": { "responses": {}, "parameters": [
            { "in": "header", "name": "If-Match", "schema": { "type": ["string", "null"] } },
            { "in": "path", "name": "id", "schema": { "$ref": "#/components/schemas/Id" } },
        ] } } }, "components": {} });
        complete(&mut document, &[]);
        let parameters = &document["paths"]["/x"]["get"]["parameters"];
        assert_eq!(parameters[0]["schema"], json!({ "type": "string" }));
        let reference = json!({ "$ref": "#/components/schemas/Id" });
        assert_eq!(parameters[1]["schema"], reference);
    }

    #[test]
    fn an_error_with_a_body_of_its_own_keeps_it() {
        let foreign = json!({ "description": "declined", "content": { "application/json": {} } });
        let responses = completed(&json!({ "responses": { "402": foreign.clone() } }));
        assert_eq!(responses["402"], foreign);
    }
}
