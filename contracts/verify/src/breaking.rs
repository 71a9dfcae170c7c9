//! Which changes of an OpenAPI document, or of an event, break somebody who relies on the old one. Pure.
//!
//! Who sends a request is broken by a new demand; who reads an answer by something that is no longer there. What may be
//! added: operations, optional inputs, members of answers, statuses, problem codes. Words (descriptions, examples) are
//! not compared.

mod schema;

use std::{collections::BTreeSet, fmt};

use serde_json::{Map, Value};

use self::schema::Direction;

/// Something that no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Break {
    /// `POST /api/v1/orders`.
    pub operation: String,
    /// Where and what: `response 200 .items[].price: is gone`.
    pub change: String,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.change)
    }
}

/// What `new` breaks of what `old` promised, sorted.
pub fn breaks(old: &Value, new: &Value) -> Vec<Break> {
    let mut found = BTreeSet::new();
    for (path, method, before) in operations(old) {
        let operation = format!("{} {path}", method.to_uppercase());
        let mut changes = Vec::new();
        match new["paths"][path].get(method) {
            None => changes.push("is gone".to_owned()),
            Some(after) => compare(&Pair { old, new }, before, after, &mut changes),
        }
        found.extend(changes.into_iter().map(|change| Break {
            operation: operation.clone(),
            change,
        }));
    }
    found.into_iter().collect()
}

/// The same for an event, whose schema stands alone. Only its readers can be broken.
pub fn of_event(name: &str, old: &Value, new: &Value) -> Vec<Break> {
    let mut changes = Vec::new();
    let documents = Pair { old, new };
    schema::compare(
        &documents,
        Direction::Output,
        "data",
        old,
        new,
        &mut changes,
    );
    let named = |change| Break {
        operation: name.to_owned(),
        change,
    };
    changes.into_iter().map(named).collect()
}

/// The two documents, for looking references up.
#[derive(Clone, Copy)]
struct Pair<'a> {
    old: &'a Value,
    new: &'a Value,
}

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"]).flat_map(|(path, methods)| {
        members(methods).map(move |(method, operation)| (path, method, operation))
    })
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flat_map(Map::iter);
    members.map(|(name, member)| (name.as_str(), member))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn compare(documents: &Pair<'_>, before: &Value, after: &Value, changes: &mut Vec<String>) {
    if before.get("security").is_none() && after.get("security").is_some() {
        changes.push("needs a token now".to_owned());
    }
    parameters(documents, before, after, changes);
    request(documents, before, after, changes);
    responses(documents, before, after, changes);
}

fn parameters(documents: &Pair<'_>, before: &Value, after: &Value, changes: &mut Vec<String>) {
    let same = |a: &Value, b: &Value| a["in"] == b["in"] && a["name"] == b["name"];
    let name = |parameter: &Value| {
        let text = |member: &str| parameter[member].as_str().unwrap_or_default().to_owned();
        format!("{} parameter {}", text("in"), text("name"))
    };
    for old in items(&before["parameters"]) {
        match items(&after["parameters"]).find(|new| same(old, new)) {
            None => changes.push(format!("{}: is gone", name(old))),
            Some(new) => {
                if is_true(&new["required"]) && !is_true(&old["required"]) {
                    changes.push(format!("{}: is required now", name(old)));
                }
                let at = name(old);
                let direction = Direction::Input;
                schema::compare(
                    documents,
                    direction,
                    &at,
                    &old["schema"],
                    &new["schema"],
                    changes,
                );
            }
        }
    }
    for new in items(&after["parameters"]) {
        let known = items(&before["parameters"]).any(|old| same(old, new));
        if !known && is_true(&new["required"]) {
            changes.push(format!("{}: is new and required", name(new)));
        }
    }
}

fn request(documents: &Pair<'_>, before: &Value, after: &Value, changes: &mut Vec<String>) {
    let (old, new) = (&before["requestBody"], &after["requestBody"]);
    if is_true(&new["required"]) && !is_true(&old["required"]) {
        changes.push("request: a body is required now".to_owned());
    }
    contents(documents, Direction::Input, "request", old, new, changes);
}

fn responses(documents: &Pair<'_>, before: &Value, after: &Value, changes: &mut Vec<String>) {
    for (status, old) in members(&before["responses"]) {
        let at = format!("response {status}");
        match after["responses"].get(status) {
            None => changes.push(format!("{at}: is gone")),
            Some(new) => {
                for (header, _) in members(&old["headers"]) {
                    if new["headers"].get(header).is_none() {
                        changes.push(format!("{at} header {header}: is gone"));
                    }
                }
                contents(documents, Direction::Output, &at, old, new, changes);
            }
        }
    }
}

fn contents(
    documents: &Pair<'_>,
    direction: Direction,
    at: &str,
    old: &Value,
    new: &Value,
    changes: &mut Vec<String>,
) {
    for (media_type, content) in members(&old["content"]) {
        match new["content"].get(media_type) {
            None => changes.push(format!("{at}: {media_type} is gone")),
            Some(after) => {
                schema::compare(
                    documents,
                    direction,
                    at,
                    &content["schema"],
                    &after["schema"],
                    changes,
                );
            }
        }
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true)
}

#[cfg(test)]
mod tests;
