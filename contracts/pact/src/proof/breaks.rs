//! One deliberate break of what a provider says or asks for.

use std::fmt::{self, Display, Formatter};

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

/// The ways in which providers break their consumers.
pub const KINDS: [&str; 6] = [
    "member removed",
    "member renamed",
    "member retyped",
    "status changed",
    "value dropped",
    "input required",
];

/// A break.
#[derive(Clone, Copy, Debug)]
pub struct Break {
    /// Who is broken.
    pub provider: &'static str,
    /// Where.
    pub place: Place,
    /// How.
    pub change: Change,
}

/// Where something is broken.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// An operation; `*` stands for one segment of the path.
    Operation(&'static str, &'static str),
    /// The data of an event.
    Event(&'static str),
}

/// How something is broken. Places in JSON are pointers (RFC 6901).
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// A member is not there any more.
    Remove(&'static str),
    /// A header is not there any more.
    RemoveHeader(&'static str),
    /// A member has another name.
    Rename(&'static str, &'static str),
    /// A member is of another type.
    Retype(&'static str),
    /// This status has become that.
    Status(u16, u16),
    /// This word is not used any more, but that.
    Drop(&'static str, &'static str, &'static str),
    /// A member of the body, or where there is none of the query, must be there now.
    Require(&'static str),
}

impl Break {
    /// Which of [`KINDS`].
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let [removed, renamed, retyped, status, value, input] = KINDS;
        match self.change {
            Change::Remove(_) | Change::RemoveHeader(_) => removed,
            Change::Rename(..) => renamed,
            Change::Retype(_) => retyped,
            Change::Status(..) => status,
            Change::Drop(..) => value,
            Change::Require(_) => input,
        }
    }

    /// Whether a request goes where something is broken.
    #[must_use]
    pub fn concerns(&self, method: &Method, path: &str) -> bool {
        match self.place {
            Place::Operation(broken, pattern) => method == broken && is_like(path, pattern),
            Place::Event(_) => false,
        }
    }

    /// Whether an interaction of a pact goes there.
    #[must_use]
    pub fn reaches(&self, interaction: &Value) -> bool {
        let text = |pointer: &str| interaction.pointer(pointer).and_then(Value::as_str);
        match self.place {
            Place::Operation(method, pattern) => {
                text("/request/method") == Some(method)
                    && text("/request/path").is_some_and(|path| is_like(path, pattern))
            }
            Place::Event(name) => {
                interaction["type"] == "Asynchronous/Messages" && text("/description") == Some(name)
            }
        }
    }

    /// Changes an event.
    pub fn event(&self, name: &str, metadata: &mut Value, data: &mut Value) {
        if matches!(self.place, Place::Event(broken) if broken == name) {
            self.json(metadata);
            self.json(data);
        }
    }

    /// The refusal of a request that has not what is required now. `request` is its body, or its query if it has none.
    #[must_use]
    pub fn refuses(&self, request: &[u8]) -> Option<Value> {
        let Change::Require(member) = self.change else {
            return None;
        };
        let text = String::from_utf8_lossy(request);
        (!text.contains(member)).then(|| {
            json!({
                "type": "urn:faultline:problem:validation_failed", "title": "Unprocessable Entity",
                "status": 422, "code": "validation_failed", "detail": "Something is missing.",
                "retryable": false, "errors": [{ "field": member, "message": "must be there" }],
            })
        })
    }

    /// Changes an answer.
    pub fn answer(&self, status: &mut StatusCode, headers: &mut HeaderMap, body: &mut Vec<u8>) {
        match self.change {
            Change::Status(was, is) if status.as_u16() == was => {
                *status = StatusCode::from_u16(is).expect("the table holds statuses");
            }
            Change::RemoveHeader(name) => drop(headers.remove(name)),
            _ => {
                if let Ok(mut document) = serde_json::from_slice::<Value>(body) {
                    self.json(&mut document);
                    *body = document.to_string().into_bytes();
                }
            }
        }
    }

    fn json(&self, document: &mut Value) {
        match self.change {
            Change::Remove(pointer) => drop(take(document, pointer)),
            Change::Rename(pointer, name) => {
                if let (Some(value), Some((parent, _))) =
                    (take(document, pointer), pointer.rsplit_once('/'))
                    && let Some(Value::Object(parent)) = document.pointer_mut(parent)
                {
                    parent.insert(name.to_owned(), value);
                }
            }
            Change::Retype(pointer) => {
                if let Some(value) = document.pointer_mut(pointer) {
                    *value = match &*value {
                        Value::String(text) => json!({ "value": text }),
                        other => other.to_string().into(),
                    };
                }
            }
            Change::Drop(pointer, was, is) => {
                if let Some(value) = document.pointer_mut(pointer)
                    && *value == was
                {
                    *value = is.into();
                }
            }
            Change::RemoveHeader(_) | Change::Status(..) | Change::Require(_) => {}
        }
    }
}

fn take(document: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    document.pointer_mut(parent)?.as_object_mut()?.remove(name)
}

fn is_like(path: &str, pattern: &str) -> bool {
    let (path, pattern) = (path.split('/'), pattern.split('/'));
    path.clone().count() == pattern.clone().count()
        && path
            .zip(pattern)
            .all(|(is, like)| like == "*" || is == like)
}

impl Display for Break {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Operation(method, path) => write!(f, "{method} {path}: ")?,
            Place::Event(name) => write!(f, "{name}: ")?,
        }
        match self.change {
            Change::Remove(pointer) => write!(f, "without {pointer}"),
            Change::RemoveHeader(name) => write!(f, "without the header {name}"),
            Change::Rename(pointer, name) => write!(f, "{pointer} is called {name}"),
            Change::Retype(pointer) => write!(f, "{pointer} is of another type"),
            Change::Status(was, is) => write!(f, "{is} instead of {was}"),
            Change::Drop(pointer, was, is) => write!(f, "{pointer} is {is} instead of {was}"),
            Change::Require(member) => write!(f, "{member} is required"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: Change, mut document: Value) -> Value {
        let broken = Break {
            provider: "order",
            place: Place::Operation("GET", "/x/*"),
            change,
        };
        broken.json(&mut document);
        document
    }

    #[test]
    fn each_change_does_what_it_says_and_nothing_else() {
        let order = json!({ "id": 7, "status": "paid", "items": [{ "price": 5 }] });
        let without = json!({ "id": 7, "status": "paid", "items": [{}] });
        assert_eq!(
            changed(Change::Remove("/items/0/price"), order.clone()),
            without
        );
        let renamed = changed(Change::Rename("/id", "key"), order.clone());
        assert_eq!((&renamed["key"], renamed.get("id")), (&json!(7), None));
        assert_eq!(changed(Change::Retype("/id"), order.clone())["id"], "7");
        let dropped = changed(Change::Drop("/status", "paid", "settled"), order.clone());
        assert_eq!(dropped["status"], "settled");
        let other = changed(Change::Drop("/status", "open", "settled"), order.clone());
        assert_eq!(other, order);
    }

    #[test]
    fn a_pattern_stands_for_paths_of_its_own_length() {
        assert!(is_like("/orders/7/cancel", "/orders/*/cancel"));
        assert!(!is_like("/orders/7", "/orders/*/cancel"));
        assert!(!is_like("/orders/7/cancel", "/orders/*/history"));
    }

    #[test]
    fn what_is_required_is_looked_for_in_the_request() {
        let broken = Break {
            provider: "order",
            place: Place::Operation("POST", "/orders"),
            change: Change::Require("phone"),
        };
        assert!(broken.refuses(b"{}").is_some());
        assert!(broken.refuses(br#"{"phone":"1"}"#).is_none());
    }
}
