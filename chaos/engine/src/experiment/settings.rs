//! Configuration and secrets: where values come from that `${…}` stands for.

use serde_json::Value;

use super::provider::{self, Provider};
use crate::read::{Mistakes, Object};
use crate::tree::{Kind, Node};

/// A name and where its value comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Where it stands in the file.
    pub line: usize,
    /// What `${…}` names.
    pub name: String,
    /// A secret is never shown.
    pub secret: bool,
    /// Where from.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The file itself.
    Here(Value),
    /// The environment.
    Environment {
        /// Variable.
        key: String,
        /// What if it is not set.
        default: Option<Value>,
        /// Read as what.
        kind: EnvKind,
    },
    /// What a probe finds before the run begins.
    Probe(Box<Provider>),
}

/// How the text of a variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvKind {
    /// As it is.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// `true`, `1`, `yes`, `on`.
    Flag,
    /// JSON.
    Json,
}

const ENV_KINDS: [(&str, EnvKind); 6] = [
    ("str", EnvKind::Text),
    ("bytes", EnvKind::Text),
    ("int", EnvKind::Whole),
    ("float", EnvKind::Number),
    ("bool", EnvKind::Flag),
    ("json", EnvKind::Json),
];
const ENV_KEYS: [&str; 5] = ["type", "key", "default", "env_var_type", "path"];

pub(super) fn read(experiment: &Object<'_>, mistakes: &Mistakes) -> Vec<Setting> {
    let mut settings = entries(experiment.get("configuration"), false, mistakes);
    if let Some(Kind::Map(scopes)) = experiment.get("secrets").map(|node| &node.kind) {
        for (_, scope) in scopes {
            settings.extend(entries(Some(scope), true, mistakes));
        }
    }
    settings
}

fn entries(node: Option<&Node>, secret: bool, mistakes: &Mistakes) -> Vec<Setting> {
    let Some(node) = node else {
        return Vec::new();
    };
    let Kind::Map(entries) = &node.kind else {
        mistakes.add(node.line, "configuration and secrets must be objects");
        return Vec::new();
    };
    let setting = |(key, node): &(crate::tree::Key, Node)| {
        Some(Setting {
            line: key.line,
            name: key.text.clone(),
            secret,
            source: source(node, mistakes)?,
        })
    };
    entries.iter().filter_map(setting).collect()
}

fn source(node: &Node, mistakes: &Mistakes) -> Option<Source> {
    let kind = node.get("type").map(|node| &node.kind);
    match kind {
        Some(Kind::Text(kind)) if kind == "env" => environment(node, mistakes),
        Some(Kind::Text(kind)) if kind == "probe" => {
            let Some(provider) = node.get("provider") else {
                mistakes.add(node.line, "a probe needs a provider");
                return None;
            };
            let provider = provider::read(provider, mistakes)?;
            Some(Source::Probe(Box::new(provider)))
        }
        Some(Kind::Text(kind)) if kind == "vault" => {
            mistakes.add(node.line, "vault runs under Chaos Toolkit only; use env");
            None
        }
        _ => Some(Source::Here(node.json())),
    }
}

fn environment(node: &Node, mistakes: &Mistakes) -> Option<Source> {
    let object = Object::of(node, "configuration", &ENV_KEYS, mistakes)?;
    Some(Source::Environment {
        key: object.needed("key")?.to_owned(),
        default: object.get("default").map(Node::json),
        kind: object
            .word("env_var_type", &ENV_KINDS)
            .unwrap_or(EnvKind::Text),
    })
}
