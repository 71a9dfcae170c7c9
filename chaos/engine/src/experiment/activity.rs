//! Activities: probes that look and actions that do.

use std::collections::HashMap;

use serde_json::Value;

use super::provider::{self, Provider};
use super::tolerances;
use crate::read::{Mistakes, Object};
use crate::tolerance::Tolerance;
use crate::tree::Node;

pub(crate) const KEYS: [&str; 11] = [
    "type",
    "name",
    "provider",
    "background",
    "pauses",
    "controls",
    "configuration",
    "tolerance",
    "dry",
    "timeout",
    "ref",
];

/// Does it look or do?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityKind {
    /// It looks.
    Probe,
    /// It does something.
    Action,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Where it stands in the file.
    pub line: usize,
    /// Does it look or do?
    pub kind: ActivityKind,
    /// Its name.
    pub name: String,
    /// How.
    pub provider: Provider,
    /// The next one does not wait for it.
    pub background: bool,
    /// Seconds before it, or a text that will be that.
    pub pause_before: Option<Value>,
    /// Seconds after it.
    pub pause_after: Option<Value>,
    /// What a probe may find.
    pub tolerance: Option<Tolerance>,
    /// As it was written.
    pub document: Value,
}

/// Activities that others refer to, by name.
pub(super) type Named<'a> = HashMap<&'a str, &'a Node>;

pub(super) fn named<'a>(experiment: &Object<'a>) -> Named<'a> {
    let lists = ["method", "rollbacks"].map(|key| experiment.node.get(key));
    let probes = experiment.node.get("steady-state-hypothesis");
    let probes = probes.and_then(|node| node.get("probes"));
    let mut named = Named::new();
    for list in lists.into_iter().chain([probes]).flatten() {
        if let crate::tree::Kind::List(items) = &list.kind {
            for item in items {
                if let Some(crate::tree::Kind::Text(name)) = item.get("name").map(|n| &n.kind) {
                    named.insert(name, item);
                }
            }
        }
    }
    named
}

pub(super) fn read(node: &Node, named: &Named<'_>, mistakes: &Mistakes) -> Option<Activity> {
    let object = Object::of(node, "activity", &KEYS, mistakes)?;
    let Some(name) = object.text("ref") else {
        return one(&object, mistakes);
    };
    let Some(there) = named.get(name) else {
        let known: Vec<&str> = named.keys().copied().collect();
        object.wrong(node.line, crate::mistake::unknown("activity", name, &known));
        return None;
    };
    one(&Object::of(there, "activity", &KEYS, mistakes)?, mistakes)
}

fn one(object: &Object<'_>, mistakes: &Mistakes) -> Option<Activity> {
    let kinds = [
        ("probe", ActivityKind::Probe),
        ("action", ActivityKind::Action),
    ];
    if object.get("type").is_none() {
        object.wrong(object.node.line, "type is missing: probe or action");
    }
    let kind = object.word("type", &kinds);
    let name = object.needed("name");
    let provider = match object.get("provider") {
        Some(node) => provider::read(node, mistakes),
        None => {
            object.wrong(object.node.line, "provider is missing");
            None
        }
    };
    let pauses = object
        .get("pauses")
        .and_then(|node| Object::of(node, "pauses", &["before", "after"], mistakes));
    let tolerance = object
        .get("tolerance")
        .and_then(|node| tolerances::read(node, mistakes));
    let background = object.flag("background").unwrap_or_default();
    Some(Activity {
        line: object.node.line,
        kind: kind?,
        name: name?.to_owned(),
        provider: provider?,
        background,
        pause_before: pauses.and_then(|pauses| pauses.seconds("before")),
        pause_after: pauses.and_then(|pauses| pauses.seconds("after")),
        tolerance,
        document: object.node.json(),
    })
}
