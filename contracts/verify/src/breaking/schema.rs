//! The same for schemas, in the direction in which a value travels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Pair, items, members};

/// Who is broken by a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Clients send it: what was accepted must be accepted.
    Input,
    /// Clients read it: what was there must be there.
    Output,
}

/// Limits, and whether a larger figure is the stricter one.
const LIMITS: [(&str, bool); 8] = [
    ("minimum", true),
    ("minLength", true),
    ("minItems", true),
    ("minProperties", true),
    ("maximum", false),
    ("maxLength", false),
    ("maxItems", false),
    ("maxProperties", false),
];

/// A schema without references, unions with null and `allOf`.
#[derive(Default)]
struct Shape<'a> {
    /// The references followed on the way here: what comes again is a cycle.
    name: Option<&'a str>,
    types: BTreeSet<&'a str>,
    properties: BTreeMap<&'a str, &'a Value>,
    required: BTreeSet<&'a str>,
    values: Option<BTreeSet<String>>,
    /// The schema itself, for members that need no preparation.
    plain: Option<&'a Value>,
    /// Alternatives that are not "or null".
    variants: Vec<&'a Value>,
}

pub(super) fn compare(
    documents: &Pair<'_>,
    direction: Direction,
    at: &str,
    old: &Value,
    new: &Value,
    changes: &mut Vec<String>,
) {
    let mut comparison = Comparison {
        documents,
        direction,
        seen: BTreeSet::new(),
        changes,
    };
    comparison.schemas(at, old, new);
}

struct Comparison<'a, 'c> {
    documents: &'a Pair<'a>,
    direction: Direction,
    seen: BTreeSet<(String, String)>,
    changes: &'c mut Vec<String>,
}

impl Comparison<'_, '_> {
    fn schemas(&mut self, at: &str, old: &Value, new: &Value) {
        let mut before = Shape::default();
        before.add(self.documents.old, old);
        let mut after = Shape::default();
        after.add(self.documents.new, new);
        if let (Some(old), Some(new)) = (before.name, after.name)
            && !self.seen.insert((old.to_owned(), new.to_owned()))
        {
            return;
        }
        self.types(at, &before, &after);
        self.values(at, &before, &after);
        self.properties(at, &before, &after);
        if before.variants != after.variants {
            self.say(at, "its alternatives changed");
        }
        let (Some(old), Some(new)) = (before.plain, after.plain) else {
            return;
        };
        if old["format"] != new["format"] {
            self.say(
                at,
                &format!("format {} became {}", old["format"], new["format"]),
            );
        }
        if self.direction == Direction::Input {
            self.limits(at, old, new);
        }
        for member in ["items", "additionalProperties"] {
            if let (Some(old), Some(new)) = (old.get(member), new.get(member)) {
                self.schemas(&format!("{at}[]"), old, new);
            }
        }
    }

    /// An input must take all that it took; an output may be nothing that it was not.
    fn types(&mut self, at: &str, before: &Shape<'_>, after: &Shape<'_>) {
        let (wide, narrow) = match self.direction {
            Direction::Input => (&after.types, &before.types),
            Direction::Output => (&before.types, &after.types),
        };
        if !wide.is_empty() && !narrow.is_subset(wide) || narrow.is_empty() != wide.is_empty() {
            let list = |types: &BTreeSet<&str>| types.iter().copied().collect::<Vec<_>>().join("|");
            let (old, new) = (list(&before.types), list(&after.types));
            self.say(at, &format!("was {old}, is {new}"));
        }
    }

    /// New values of an output are not named: readers are told to expect them.
    fn values(&mut self, at: &str, before: &Shape<'_>, after: &Shape<'_>) {
        match (&before.values, &after.values) {
            (Some(old), Some(new)) => {
                for value in old.difference(new) {
                    self.say(at, &format!("the value {value} is gone"));
                }
            }
            (None, Some(_)) if self.direction == Direction::Input => {
                self.say(at, "only certain values are accepted now");
            }
            _ => {}
        }
    }

    fn properties(&mut self, at: &str, before: &Shape<'_>, after: &Shape<'_>) {
        for (name, old) in &before.properties {
            let at = format!("{at} .{name}");
            match after.properties.get(name) {
                None => self.say(&at, "is gone"),
                Some(new) => {
                    let (was, is) = (
                        before.required.contains(name),
                        after.required.contains(name),
                    );
                    match self.direction {
                        Direction::Input if is && !was => self.say(&at, "is required now"),
                        Direction::Output if was && !is => self.say(&at, "may be missing now"),
                        _ => {}
                    }
                    self.schemas(&at, old, new);
                }
            }
        }
        if self.direction == Direction::Input {
            for name in &after.required {
                if !before.properties.contains_key(name) {
                    self.say(&format!("{at} .{name}"), "is new and required");
                }
            }
        }
    }

    fn limits(&mut self, at: &str, old: &Value, new: &Value) {
        for (limit, larger_is_stricter) in LIMITS {
            let (was, is) = (old[limit].as_f64(), new[limit].as_f64());
            let stricter = match (was, is) {
                (Some(was), Some(is)) if larger_is_stricter => is > was,
                (Some(was), Some(is)) => is < was,
                (was, is) => was.is_none() && is.is_some(),
            };
            if stricter {
                self.say(at, &format!("{limit} is {} now", new[limit]));
            }
        }
        if !new["pattern"].is_null() && old["pattern"] != new["pattern"] {
            self.say(at, &format!("has to match {} now", new["pattern"]));
        }
    }

    fn say(&mut self, at: &str, what: &str) {
        self.changes.push(format!("{at}: {what}"));
    }
}

impl<'a> Shape<'a> {
    fn add(&mut self, document: &'a Value, schema: &'a Value) {
        if let Some(reference) = schema["$ref"].as_str() {
            self.name = Some(reference);
            let pointer = reference.trim_start_matches('#');
            if let Some(target) = document.pointer(pointer) {
                self.add(document, target);
            }
        }
        for part in items(&schema["allOf"]) {
            self.add(document, part);
        }
        let is_null = |variant: &&Value| variant["type"] == "null";
        for alternatives in ["oneOf", "anyOf"] {
            let variants: Vec<_> = items(&schema[alternatives]).collect();
            if variants.iter().any(is_null) {
                self.types.insert("null");
            }
            match variants
                .into_iter()
                .filter(|v| !is_null(v))
                .collect::<Vec<_>>()[..]
            {
                [only] => self.add(document, only),
                ref several => self.variants.extend(several),
            }
        }
        match &schema["type"] {
            Value::String(name) => self.types.extend([name.as_str()]),
            Value::Array(names) => self.types.extend(names.iter().filter_map(Value::as_str)),
            _ => {}
        }
        if schema["enum"].is_array() {
            self.values = Some(items(&schema["enum"]).map(Value::to_string).collect());
        }
        for (name, property) in members(&schema["properties"]) {
            // `allOf` narrows: the later, more special one counts.
            self.properties.insert(name, property);
        }
        self.required
            .extend(items(&schema["required"]).filter_map(Value::as_str));
        if schema.get("$ref").is_none() && schema.get("allOf").is_none() {
            self.plain.get_or_insert(schema);
        }
    }
}
