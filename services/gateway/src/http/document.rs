//! The shop's API as people outside see it: of each service's document what the route table lets through, and what the
//! door itself can answer.
//!
//! It is composed when the contracts are generated, not while the gateway runs: a service that is away is still
//! documented, and the gateway needs to know none.

use axum::http::Method;
use chassis::openapi::{self, About, SHARED_SCHEMAS, add_problems};
use serde_json::{Map, Value, json};
use utoipa_axum::router::OpenApiRouter;

use crate::routes::{self, Access};

const ABOUT: About = About {
    name: "gateway",
    description: "The door of the shop: everything that customers and administrators can ask.",
    store_away: &[],
};

/// In place of a path's parameters, so that the route table can be asked.
const ANY_ID: &str = "0";

/// Composes the document. `services` are names of upstreams and their documents.
pub(super) fn compose<S>(own: OpenApiRouter<S>, services: &[(&str, Value)]) -> Value
where
    S: Clone + Send + Sync + 'static,
{
    let mut whole = openapi::document(&ABOUT, own);
    for (name, document) in services {
        let document = renamed(name, document);
        merge(&mut whole["components"], &document["components"]);
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let Some(access) = access(name, method, path) else {
                    continue;
                };
                let mut operation = operation.clone();
                at_the_door(name, &mut operation, access);
                whole["paths"][path][method] = operation;
            }
        }
    }
    whole
}

/// Who may come; `None` when the door does not lead there, or to another service.
fn access(service: &str, method: &str, path: &str) -> Option<Access> {
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).ok()?;
    let segments = path
        .split('/')
        .map(|segment| match segment.strip_prefix('{') {
            Some(_) => ANY_ID,
            None => segment,
        });
    let path = segments.collect::<Vec<_>>().join("/");
    let route = routes::find(&method, &path, path.len()).ok()?;
    (route.upstream == service).then_some(route.access)
}

fn at_the_door(service: &str, operation: &mut Value, access: Access) {
    operation["tags"] = json!([service]);
    let id = operation["operationId"].as_str().unwrap_or_default();
    operation["operationId"] = format!("{service}_{id}").into();
    let operation = operation
        .as_object_mut()
        .expect("an operation is an object");
    if access == Access::Authenticated {
        operation.insert("security".to_owned(), json!([{ "bearer": [] }]));
        add_problems(operation, 401, &["token_missing"]);
    }
    for (status, codes) in [
        (
            400,
            &["path_ambiguous", "version_unknown", "body_unreadable"][..],
        ),
        // Whoever comes with a token or a key must come with a good one, also where none is needed.
        (
            401,
            &[
                "token_expired",
                "token_invalid",
                "token_revoked",
                "api_key_invalid",
            ],
        ),
        (413, &["body_too_large"]),
        (414, &["uri_too_long"]),
        (429, &["too_many_requests"]),
        (502, &["upstream_lost"]),
        (503, &["upstream_unavailable", "keys_unavailable"]),
        (504, &["upstream_timeout"]),
    ] {
        add_problems(operation, status, codes);
    }
}

/// The document with the service's name before those of its schemas that are its own.
fn renamed(service: &str, document: &Value) -> Value {
    let schemas = document["components"]["schemas"].as_object();
    let own = schemas
        .into_iter()
        .flat_map(Map::keys)
        .filter(|name| !SHARED_SCHEMAS.contains(&name.as_str()));
    let mut text = document.to_string();
    let mut renamed = Map::new();
    for name in own {
        text = text.replace(
            &format!("\"#/components/schemas/{name}\""),
            &format!("\"#/components/schemas/{service}.{name}\""),
        );
        renamed.insert(name.clone(), format!("{service}.{name}").into());
    }
    let mut document: Value = serde_json::from_str(&text).expect("names are plain text");
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return document;
    };
    *schemas = std::mem::take(schemas)
        .into_iter()
        .map(
            |(name, schema)| match renamed.get(&name).and_then(Value::as_str) {
                Some(new) => (new.to_owned(), schema),
                None => (name, schema),
            },
        )
        .collect();
    document
}

/// Adds what is not there, group by group.
fn merge(into: &mut Value, from: &Value) {
    for (group, members) in from.as_object().into_iter().flatten() {
        for (name, member) in members.as_object().into_iter().flatten() {
            into[group][name] = member.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(paths: &Value) -> Value {
        json!({ "paths": paths, "components": { "schemas": { "Body": { "type": "object" } } } })
    }

    fn composed(name: &str, paths: &Value) -> Value {
        compose(OpenApiRouter::<()>::new(), &[(name, service(paths))])
    }

    #[test]
    fn what_services_say_to_each_other_is_not_in_it() {
        let operation = json!({ "operationId": "x", "responses": {} });
        let whole = composed(
            "inventory",
            &json!({
                "/api/v1/inventory/reservations/{order_id}": { "put": operation },
                "/api/v1/inventory/{product_id}": { "get": operation },
                "/api/v1/orders": { "get": operation },
            }),
        );
        let paths: Vec<_> = whole["paths"].as_object().unwrap().keys().collect();
        assert_eq!(paths, ["/api/v1/inventory/{product_id}"]);
    }

    #[test]
    fn a_token_is_asked_for_at_the_door_and_the_limit_is_named() {
        let operation = json!({ "operationId": "x", "responses": {} });
        let whole = composed(
            "order",
            &json!({ "/api/v1/orders/{id}": { "get": operation } }),
        );
        let operation = &whole["paths"]["/api/v1/orders/{id}"]["get"];
        assert_eq!(operation["security"], json!([{ "bearer": [] }]));
        assert!(operation["responses"]["429"]["headers"]["Retry-After"].is_object());
    }

    #[test]
    fn schemas_of_two_services_do_not_meet() {
        let body = json!({ "$ref": "#/components/schemas/Body" });
        let whole = composed(
            "product",
            &json!({ "/api/v1/products": { "get": { "responses": { "200": body } } } }),
        );
        let operation = &whole["paths"]["/api/v1/products"]["get"];
        let expected = "#/components/schemas/product.Body";
        assert_eq!(operation["responses"]["200"]["$ref"], expected);
        assert!(whole["components"]["schemas"]["product.Body"].is_object());
    }
}
