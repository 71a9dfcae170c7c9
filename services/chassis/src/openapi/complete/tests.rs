//! What is added to an operation, and what is left as it is.

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
    assert_eq!(responses["200"]["description"], "OK");
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
fn an_idempotency_key_is_described_once_for_every_operation_that_takes_one() {
    let mut document = json!({ "paths": { "/x": { "post": {
        "parameters": [{ "in": "header", "name": "Idempotency-Key", "required": false }],
        "responses": { "201": {}, "404": { "description": "x_not_found" } },
    } } }, "components": {} });
    complete(&mut document, &[]);
    let operation = &document["paths"]["/x"]["post"];
    assert_eq!(
        operation["parameters"][0]["schema"]["maxLength"],
        KEY_BYTES_MAX
    );
    let replayed =
        |status: &str| &operation["responses"][status]["headers"]["Idempotency-Replayed"];
    assert!(replayed("201").is_object());
    assert!(replayed("404").is_null());
}

#[test]
fn an_error_with_a_body_of_its_own_keeps_it() {
    let foreign = json!({ "description": "declined", "content": { "application/json": {} } });
    let responses = completed(&json!({ "responses": { "402": foreign.clone() } }));
    assert_eq!(responses["402"], foreign);
}
