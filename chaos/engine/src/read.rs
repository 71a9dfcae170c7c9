//! Reading objects of a tree: every mistake is noted with its line, and reading goes on, so that all are shown at once.

use std::cell::RefCell;

use serde_json::Value;

use crate::mistake::{Mistake, unknown};
use crate::tree::{Key, Kind, Node};

/// Keys that belong to nobody: notes of whoever wrote the file.
const OWN_NOTES: &str = "x-";

/// What was found to be wrong.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(RefCell<Vec<Mistake>>);

impl Mistakes {
    pub(crate) fn add(&self, line: usize, text: impl Into<String>) {
        self.0.borrow_mut().push(Mistake::new(line, text));
    }

    /// All of them by line; none is none.
    pub(crate) fn all(self) -> Vec<Mistake> {
        let mut all = self.0.into_inner();
        all.sort();
        all.dedup();
        all
    }
}

/// An object whose keys are known.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a> {
    pub(crate) node: &'a Node,
    what: &'static str,
    mistakes: &'a Mistakes,
}

impl<'a> Object<'a> {
    /// None, and noted, if it is no object. Keys that are not `known` are noted.
    pub(crate) fn of(
        node: &'a Node,
        what: &'static str,
        known: &[&str],
        mistakes: &'a Mistakes,
    ) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            mistakes.add(
                node.line,
                format!("{what} must be an object, not {}", node.what()),
            );
            return None;
        };
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) && !key.text.starts_with(OWN_NOTES) {
                let text = unknown("key", &key.text, known);
                mistakes.add(key.line, format!("{what}: {text}"));
            }
        }
        Some(Self {
            node,
            what,
            mistakes,
        })
    }

    pub(crate) fn wrong(&self, line: usize, text: impl AsRef<str>) {
        let what = self.what;
        self.mistakes
            .add(line, format!("{what}: {}", text.as_ref()));
    }

    /// The value of a key; null is the same as nothing.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Node> {
        let found = self.node.get(name);
        found.filter(|node| node.kind != Kind::Null)
    }

    fn read<T>(&self, name: &str, kind: &str, read: impl Fn(&'a Node) -> Option<T>) -> Option<T> {
        let node = self.get(name)?;
        let value = read(node);
        if value.is_none() {
            let what = node.what();
            self.wrong(node.line, format!("{name} must be {kind}, not {what}"));
        }
        value
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.read(name, "text", |node| match &node.kind {
            Kind::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// A text that has to be there.
    pub(crate) fn needed(&self, name: &str) -> Option<&'a str> {
        if self.get(name).is_none() {
            self.wrong(self.node.line, format!("{name} is missing"));
        }
        self.text(name)
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let line = self.get(name).map_or(self.node.line, |node| node.line);
            self.wrong(line, unknown(name, text, &known));
        }
        found.map(|(_, value)| *value)
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.read(name, "true or false", |node| match node.kind {
            Kind::Bool(flag) => Some(flag),
            _ => None,
        })
    }

    /// A number in a range.
    pub(crate) fn number(&self, name: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let value = self.read(name, "a number", |node| match &node.kind {
            Kind::Number(number) => number.as_f64(),
            _ => None,
        })?;
        if range.contains(&value) {
            return Some(value);
        }
        let line = self.get(name).map_or(self.node.line, |node| node.line);
        let (low, high) = (range.start(), range.end());
        self.wrong(
            line,
            format!("{name} must be from {low} to {high}, not {value}"),
        );
        None
    }

    pub(crate) fn whole(&self, name: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let value = self.number(name, f64::from(*range.start())..=f64::from(*range.end()))?;
        let line = self.get(name).map_or(self.node.line, |node| node.line);
        if value.fract() != 0.0 {
            self.wrong(line, format!("{name} must be a whole number, not {value}"));
            return None;
        }
        Some(value as u32)
    }

    pub(crate) fn list(&self, name: &str) -> &'a [Node] {
        let items = self.read(name, "a list", |node| match &node.kind {
            Kind::List(items) => Some(items.as_slice()),
            _ => None,
        });
        items.unwrap_or_default()
    }

    /// Keys of one's own choice with their values.
    pub(crate) fn entries(&self, name: &str) -> &'a [(Key, Node)] {
        let entries = self.read(name, "an object", |node| match &node.kind {
            Kind::Map(entries) => Some(entries.as_slice()),
            _ => None,
        });
        entries.unwrap_or_default()
    }

    /// A list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<(usize, String)> {
        let text = |node: &Node| match &node.kind {
            Kind::Text(text) => Some((node.line, text.clone())),
            _ => {
                let what = node.what();
                self.wrong(node.line, format!("{name} must hold texts, not {what}"));
                None
            }
        };
        self.list(name).iter().filter_map(text).collect()
    }

    /// A number of seconds, or a text that will be one once names are replaced.
    pub(crate) fn seconds(&self, name: &str) -> Option<Value> {
        self.read(name, "a number of seconds", |node| match &node.kind {
            Kind::Number(number) if number.as_f64() >= Some(0.0) => Some(node.json()),
            Kind::Text(text) if text.contains("${") => Some(node.json()),
            _ => None,
        })
    }
}
