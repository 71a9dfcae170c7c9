//! Tolerances as they are written: a value, a list, or an object with a type.

use regex::Regex;
use serde_json_path::JsonPath;

use crate::read::{Mistakes, Object};
use crate::tolerance::Tolerance;
use crate::tree::{Kind, Node};

pub(super) fn read(node: &Node, mistakes: &Mistakes) -> Option<Tolerance> {
    match &node.kind {
        Kind::Bool(_) | Kind::Text(_) => Some(Tolerance::Is(node.json())),
        Kind::Number(number) if number.is_i64() => Some(Tolerance::Is(node.json())),
        Kind::List(items) => Some(Tolerance::OneOf(items.iter().map(Node::json).collect())),
        Kind::Map(_) => object(node, mistakes),
        _ => {
            let what = node.what();
            let text = format!(
                "a tolerance is true or false, a whole number, text, a list or an object, not {what}; \
                 numbers with a fraction go into a range"
            );
            mistakes.add(node.line, text);
            None
        }
    }
}

fn object(node: &Node, mistakes: &Mistakes) -> Option<Tolerance> {
    const KEYS: [&str; 7] = [
        "type", "pattern", "target", "path", "count", "expect", "range",
    ];
    let object = Object::of(node, "tolerance", &KEYS, mistakes)?;
    let target = object.text("target").map(str::to_owned);
    match object.needed("type")? {
        "regex" => {
            let pattern = object.needed("pattern")?;
            let checked = pattern.replace("${", "");
            if let Err(error) = Regex::new(&checked) {
                object.wrong(node.line, format!("{pattern:?} is no pattern: {error}"));
            }
            Some(Tolerance::Regex {
                pattern: pattern.to_owned(),
                target,
            })
        }
        "jsonpath" => {
            let path = object.needed("path")?;
            if let (false, Err(error)) = (path.contains("${"), JsonPath::parse(path)) {
                object.wrong(node.line, format!("{path:?} is no JSONPath: {error}"));
            }
            let count = object.whole("count", 0..=1_000_000);
            Some(Tolerance::Path {
                path: path.to_owned(),
                target,
                count: count.and_then(|count| usize::try_from(count).ok()),
                expect: object.get("expect").map(Node::json),
            })
        }
        "range" => {
            let bound = |node: &Node| node.json().as_f64();
            let [low, high] = object.list("range") else {
                object.wrong(node.line, "range must be a list of two numbers");
                return None;
            };
            let (Some(low), Some(high)) = (bound(low), bound(high)) else {
                object.wrong(node.line, "range must be a list of two numbers");
                return None;
            };
            if low > high {
                object.wrong(node.line, format!("range is empty: {low} is above {high}"));
            }
            Some(Tolerance::Range { low, high, target })
        }
        "probe" => {
            object.wrong(
                node.line,
                "a probe as tolerance runs under Chaos Toolkit only",
            );
            None
        }
        other => {
            let text = crate::mistake::unknown("tolerance", other, &["regex", "jsonpath", "range"]);
            object.wrong(node.line, text);
            None
        }
    }
}
