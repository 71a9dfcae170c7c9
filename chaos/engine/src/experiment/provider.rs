//! How an activity looks or does: over HTTP, or by a process.

use serde_json::Value;

use crate::read::{Mistakes, Object};
use crate::tree::{Kind, Node};

pub(crate) const HTTP_KEYS: [&str; 10] = [
    "type",
    "url",
    "method",
    "headers",
    "arguments",
    "timeout",
    "expected_status",
    "max_retries",
    "verify_tls",
    "secrets",
];
pub(crate) const PROCESS_KEYS: [&str; 5] = ["type", "path", "arguments", "timeout", "secrets"];

/// How.
#[derive(Debug, Clone, PartialEq)]
pub enum Provider {
    /// A request.
    Http(Http),
    /// A process; `faultline` itself breaks the lab.
    Process(Process),
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// Where.
    pub url: String,
    /// GET unless said otherwise.
    pub method: String,
    /// By name.
    pub headers: Vec<(String, Value)>,
    /// Query of a GET; else JSON or a form, as the content type says.
    pub arguments: Option<Value>,
    /// Seconds; a list of two is for connecting and reading.
    pub timeout: Option<Value>,
    /// Any other is a failure; without it, 4xx and 5xx are failures of actions and answers to probes.
    pub expected_status: Option<u16>,
    /// After a failed connection.
    pub max_retries: u32,
}

/// A process.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// Looked for like a shell does.
    pub path: String,
    /// Its words.
    pub words: Words,
    /// Line of the words.
    pub line: usize,
    /// Seconds.
    pub timeout: Option<Value>,
}

/// What a process is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Words {
    /// One by one.
    List(Vec<Value>),
    /// With the path, for a shell to read.
    Shell(String),
}

pub(super) fn read(node: &Node, mistakes: &Mistakes) -> Option<Provider> {
    let kind = node.get("type").map(|node| &node.kind);
    match kind {
        Some(Kind::Text(kind)) if kind == "http" => http(node, mistakes).map(Provider::Http),
        Some(Kind::Text(kind)) if kind == "process" => {
            process(node, mistakes).map(Provider::Process)
        }
        Some(Kind::Text(kind)) if kind == "python" => {
            let text = "provider: python runs under Chaos Toolkit only; use http or process";
            mistakes.add(node.line, text);
            None
        }
        Some(Kind::Text(kind)) => {
            let text = crate::mistake::unknown("type of provider", kind, &["http", "process"]);
            mistakes.add(node.line, format!("provider: {text}"));
            None
        }
        _ => {
            mistakes.add(node.line, "provider: type is missing: http or process");
            None
        }
    }
}

fn http(node: &Node, mistakes: &Mistakes) -> Option<Http> {
    let object = Object::of(node, "provider", &HTTP_KEYS, mistakes)?;
    let headers = object.get("headers").map(Node::json);
    let headers = match headers {
        Some(Value::Object(headers)) => headers.into_iter().collect(),
        Some(_) => {
            object.wrong(node.line, "headers must be an object");
            Vec::new()
        }
        None => Vec::new(),
    };
    let status = object.whole("expected_status", 100..=599);
    Some(Http {
        url: object.needed("url")?.to_owned(),
        method: object.text("method").unwrap_or("GET").to_uppercase(),
        headers,
        arguments: object.get("arguments").map(Node::json),
        timeout: timeout(&object),
        expected_status: status.and_then(|status| u16::try_from(status).ok()),
        max_retries: object.whole("max_retries", 0..=100).unwrap_or_default(),
    })
}

/// A number, or two: connecting and reading.
fn timeout(object: &Object<'_>) -> Option<Value> {
    let node = object.get("timeout")?;
    match &node.kind {
        Kind::List(items) if items.len() == 2 => Some(node.json()),
        _ => object.seconds("timeout"),
    }
}

fn process(node: &Node, mistakes: &Mistakes) -> Option<Process> {
    let object = Object::of(node, "provider", &PROCESS_KEYS, mistakes)?;
    let arguments = object.get("arguments");
    let words = match arguments.map(|node| &node.kind) {
        None => Words::List(Vec::new()),
        Some(Kind::List(items)) => Words::List(items.iter().map(Node::json).collect()),
        Some(Kind::Text(text)) => Words::Shell(text.clone()),
        // Names and values one after the other, as Chaos Toolkit has it.
        Some(Kind::Map(entries)) => Words::List(
            entries
                .iter()
                .flat_map(|(key, node)| [Value::from(key.text.clone()), node.json()])
                .filter(|value| !value.is_null() && value != "")
                .collect(),
        ),
        Some(_) => {
            object.wrong(node.line, "arguments must be a list, an object or text");
            return None;
        }
    };
    Some(Process {
        path: object.needed("path")?.to_owned(),
        words,
        line: arguments.map_or(node.line, |node| node.line),
        timeout: object.seconds("timeout"),
    })
}
