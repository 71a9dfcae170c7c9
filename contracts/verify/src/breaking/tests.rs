//! One deliberate change each: either it is named, with its place, or it is one that nobody can notice.

use serde_json::{Value, json};

use super::breaks;

fn promise() -> Value {
    json!({
        "paths": { "/orders/{id}": { "post": {
            "parameters": [
                { "in": "path", "name": "id", "required": true, "schema": { "type": "string" } },
                { "in": "query", "name": "page", "schema": { "type": "integer", "maximum": 100 } },
            ],
            "requestBody": { "required": true, "content": { "application/json": {
                "schema": { "$ref": "#/components/schemas/New" } } } },
            "responses": {
                "200": {
                    "headers": { "ETag": {} },
                    "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/Order" } } },
                },
                "409": { "content": { "application/problem+json": { "schema": { "allOf": [
                    { "type": "object", "properties": { "code": { "type": "string" } } },
                    { "properties": { "code": { "type": "string", "enum": ["a", "b"] } } },
                ] } } } },
            },
        } } },
        "components": { "schemas": {
            "New": { "type": "object", "required": ["items"], "properties": {
                "items": { "type": "array", "maxItems": 50, "items": { "type": "integer" } },
                "note": { "type": ["string", "null"] },
                "how": { "type": "string", "enum": ["fast", "cheap"] },
            } },
            "Order": { "type": "object", "required": ["id", "status"], "properties": {
                "id": { "type": "string", "format": "uuid" },
                "status": { "type": "string", "enum": ["pending", "paid"] },
                "total": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Money" }] },
                "parent": { "$ref": "#/components/schemas/Order" },
            } },
            "Money": { "type": "object", "required": ["amount"], "properties": {
                "amount": { "type": "integer" },
            } },
        } },
    })
}

const OPERATION: &str = "/paths/~1orders~1{id}/post";

/// What is said about the promise after `value` was put at `pointer`; null takes away what is there.
fn after(pointer: &str, value: Value) -> Vec<String> {
    let mut new = promise();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = &name.replace("~1", "/");
    let parent = new
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("no {parent}"));
    match (parent, value) {
        (Value::Object(parent), Value::Null) => drop(parent.remove(name).expect("it is there")),
        (Value::Array(parent), Value::Null) => drop(parent.remove(name.parse().unwrap())),
        (Value::Object(parent), value) => drop(parent.insert(name.to_owned(), value)),
        (Value::Array(parent), value) => parent.push(value),
        _ => panic!("{pointer} leads into a value"),
    }
    breaks(&promise(), &new)
        .into_iter()
        .map(|found| found.change)
        .collect()
}

#[test]
fn what_is_the_same_breaks_nothing() {
    assert_eq!(breaks(&promise(), &promise()), []);
}

#[test]
fn each_breaking_change_is_named_with_its_place() {
    let operation = |rest: &str| format!("{OPERATION}{rest}");
    let schema = |rest: &str| format!("/components/schemas/{rest}");
    for (pointer, value, expected) in [
        ("/paths/~1orders~1{id}".to_owned(), Value::Null, "is gone"),
        (operation(""), Value::Null, "is gone"),
        (
            operation("/security"),
            json!([{ "bearer": [] }]),
            "needs a token now",
        ),
        (
            operation("/parameters/1"),
            Value::Null,
            "query parameter page: is gone",
        ),
        (
            operation("/parameters/1/required"),
            json!(true),
            "query parameter page: is required now",
        ),
        (
            operation("/parameters/1/schema/type"),
            json!("string"),
            "query parameter page: was integer, is string",
        ),
        (
            operation("/parameters/1/schema/maximum"),
            json!(10),
            "query parameter page: maximum is 10 now",
        ),
        (
            operation("/parameters/2"),
            json!({ "in": "header", "name": "Key", "required": true }),
            "header parameter Key: is new and required",
        ),
        (
            operation("/requestBody/content/application~1json"),
            Value::Null,
            "request: application/json is gone",
        ),
        (
            operation("/responses/409"),
            Value::Null,
            "response 409: is gone",
        ),
        (
            operation("/responses/200/headers/ETag"),
            Value::Null,
            "response 200 header ETag: is gone",
        ),
        (
            operation("/responses/200/content/application~1json"),
            Value::Null,
            "response 200: application/json is gone",
        ),
        (
            operation(
                "/responses/409/content/application~1problem+json/schema/allOf/1/properties/code/enum",
            ),
            json!(["a"]),
            "response 409 .code: the value \"b\" is gone",
        ),
        (
            schema("New/required"),
            json!(["items", "note"]),
            "request .note: is required now",
        ),
        (
            schema("New/required"),
            json!(["items", "x"]),
            "request .x: is new and required",
        ),
        (
            schema("New/properties/note"),
            Value::Null,
            "request .note: is gone",
        ),
        (
            schema("New/properties/note/type"),
            json!("string"),
            "request .note: was null|string, is string",
        ),
        (
            schema("New/properties/note/pattern"),
            json!("^a"),
            "request .note: has to match \"^a\" now",
        ),
        (
            schema("New/properties/note/enum"),
            json!(["a"]),
            "request .note: only certain values are accepted now",
        ),
        (
            schema("New/properties/how/enum"),
            json!(["fast"]),
            "request .how: the value \"cheap\" is gone",
        ),
        (
            schema("New/properties/items/maxItems"),
            json!(10),
            "request .items: maxItems is 10 now",
        ),
        (
            schema("New/properties/items/items/type"),
            json!("string"),
            "request .items[]: was integer, is string",
        ),
        (
            schema("Order/properties/id"),
            Value::Null,
            "response 200 .id: is gone",
        ),
        (
            schema("Order/properties/id/format"),
            Value::Null,
            "response 200 .id: format \"uuid\" became null",
        ),
        (
            schema("Order/required"),
            json!(["status"]),
            "response 200 .id: may be missing now",
        ),
        (
            schema("Order/properties/status/enum"),
            json!(["pending"]),
            "response 200 .status: the value \"paid\" is gone",
        ),
        (
            schema("Order/properties/status/type"),
            json!(["string", "null"]),
            "response 200 .status: was string, is null|string",
        ),
        (
            schema("Money/properties/amount/type"),
            json!("string"),
            "response 200 .total .amount: was integer, is string",
        ),
    ] {
        let said = after(&pointer, value.clone());
        assert!(
            said.contains(&expected.to_owned()),
            "{pointer} = {value}: {said:?}"
        );
    }
}

#[test]
fn a_renamed_member_is_gone() {
    let mut new = promise();
    let properties = &mut new["components"]["schemas"]["Order"]["properties"];
    properties["state"] = properties["status"].take();
    properties.as_object_mut().unwrap().remove("status");
    let said = breaks(&promise(), &new);
    assert_eq!(
        said[0].to_string(),
        "POST /orders/{id}: response 200 .status: is gone"
    );
}

#[test]
fn what_is_added_breaks_nobody() {
    let operation = |rest: &str| format!("{OPERATION}{rest}");
    let schema = |rest: &str| format!("/components/schemas/{rest}");
    for (pointer, value) in [
        ("/paths/~1new".to_owned(), json!({ "get": {} })),
        (operation("/description"), json!("In other words.")),
        (operation("/responses/429"), json!({})),
        (
            operation("/parameters/2"),
            json!({ "in": "query", "name": "sort" }),
        ),
        (operation("/parameters/1/schema/maximum"), json!(1000)),
        (schema("New/required"), json!([])),
        (schema("New/properties/gift"), json!({ "type": "boolean" })),
        (
            schema("New/properties/how/enum"),
            json!(["fast", "cheap", "green"]),
        ),
        (schema("New/properties/items/maxItems"), Value::Null),
        (
            schema("Order/properties/weight"),
            json!({ "type": "integer" }),
        ),
        (
            schema("Order/properties/status/enum"),
            json!(["pending", "paid", "shipped"]),
        ),
        (schema("Order/required"), json!(["id", "status", "total"])),
    ] {
        assert_eq!(
            after(&pointer, value.clone()),
            [""; 0],
            "{pointer} = {value}"
        );
    }
}

#[test]
fn a_schema_may_get_another_name() {
    let text = promise()
        .to_string()
        .replace("schemas/Order", "schemas/Bought");
    let mut new: Value = serde_json::from_str(&text).unwrap();
    new["components"]["schemas"]["Bought"] = new["components"]["schemas"]["Order"].take();
    assert_eq!(breaks(&promise(), &new), []);
}
