//! What Chaos Toolkit does not know, in the place that its format leaves for that: `extensions`, under our name.

use crate::read::{Mistakes, Object};
use crate::tree::{Key, Kind, Node};

/// The name of the extension.
const NAME: &str = "faultline";
/// Longer than anybody waits for an experiment.
const SECONDS_MAX: f64 = 3_600.0;
const PERCENT: std::ops::RangeInclusive<f64> = 0.0..=100.0;
const COUNT: std::ops::RangeInclusive<f64> = 0.0..=1e12;

/// As much as anybody plans for.
const WEIGHT_MAX: u32 = 1_000;

pub(crate) const KEYS: [&str; 9] = [
    "name",
    "load",
    "customers",
    "guard",
    "breakers_open",
    "hits_max",
    "rises",
    "books",
    "without",
];

/// Load, bounds, guards.
#[derive(Debug, Clone, PartialEq)]
pub struct Extension {
    /// Customers who come meanwhile.
    pub load: Option<Load>,
    /// What they may meet.
    pub customers: Customers,
    /// When it is stopped early.
    pub guard: Option<Guard>,
    /// Edges whose breaker must open, and be closed again at the end; each with its line.
    pub breakers_open: Vec<(usize, String)>,
    /// So often may all faults together hit: what came through to the neighbour, counted at its door.
    pub hits_max: Option<f64>,
    /// Counters that must rise.
    pub rises: Vec<Rise>,
    /// Do the books have to balance?
    pub books: bool,
    /// What this experiment proves: protections without which it must not hold.
    pub without: Vec<Without>,
}

/// Customers in the open model.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Visits a second.
    pub rate: f64,
    /// Seconds of them before the method begins.
    pub before_s: f64,
    /// Seconds of them after everything has healed.
    pub after_s: f64,
    /// What they do, by weight, each with its line; empty: what customers of the demo do.
    pub scenarios: Vec<(usize, String, u32)>,
}

/// What customers may meet, by part of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Customers {
    /// Before the first fault.
    pub before: Bound,
    /// From the first fault to the end of the last.
    pub during: Bound,
    /// From `recovery_s_max` after the last fault on.
    pub after: Bound,
    /// Seconds in which errors must have ceased after the last fault.
    pub recovery_s_max: Option<f64>,
}

/// Bounds of a part of the run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bound {
    /// Share of wrong answers.
    pub errors_percent_max: Option<f64>,
    /// 95th percentile of the latency.
    pub p95_ms_max: Option<f64>,
}

/// The blast is larger than this: stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard {
    /// Share of wrong answers…
    pub errors_percent_max: f64,
    /// …over so many seconds.
    pub over_s: f64,
}

/// A counter that must rise between the beginning and the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Rise {
    /// Where it stands in the file.
    pub line: usize,
    /// Whose.
    pub service: String,
    /// Its name; all its series together that have the labels.
    pub metric: String,
    /// Names and values.
    pub labels: Vec<(String, String)>,
    /// By how much at least.
    pub by: f64,
    /// And at most.
    pub by_max: Option<f64>,
}

/// With this protection switched off, the experiment must turn red.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Without {
    /// Where it stands in the file.
    pub line: usize,
    /// Whose.
    pub service: String,
    /// Its name at the admin port.
    pub protection: String,
    /// What has to notice, as the reasons of the verdict have it: a check of the books, a breaker's edge, `hits`, a counter.
    pub turns_red: String,
}

pub(super) fn read(experiment: &Object<'_>, mistakes: &Mistakes) -> Option<Extension> {
    let ours = |node: &&Node| {
        node.get("name")
            .is_some_and(|name| name.kind == Kind::Text(NAME.to_owned()))
    };
    let node = experiment.list("extensions").iter().find(ours)?;
    let object = Object::of(node, NAME, &KEYS, mistakes)?;
    Some(Extension {
        load: object.get("load").and_then(|node| load(node, mistakes)),
        customers: object
            .get("customers")
            .and_then(|node| customers(node, mistakes))
            .unwrap_or_default(),
        guard: object.get("guard").and_then(|node| guard(node, mistakes)),
        breakers_open: object.texts("breakers_open"),
        hits_max: object.number("hits_max", COUNT),
        rises: object
            .list("rises")
            .iter()
            .filter_map(|node| rise(node, mistakes))
            .collect(),
        books: object.flag("books").unwrap_or(true),
        without: object
            .list("without")
            .iter()
            .filter_map(|node| without(node, mistakes))
            .collect(),
    })
}

fn load(node: &Node, mistakes: &Mistakes) -> Option<Load> {
    const KEYS: [&str; 4] = ["rate", "before_s", "after_s", "scenarios"];
    let object = Object::of(node, "load", &KEYS, mistakes)?;
    if object.get("rate").is_none() {
        object.wrong(node.line, "rate is missing: visits a second");
    }
    let seconds = |name, default| object.number(name, 0.0..=SECONDS_MAX).unwrap_or(default);
    Some(Load {
        rate: object.number("rate", 0.1..=1_000.0)?,
        before_s: seconds("before_s", 5.0),
        after_s: seconds("after_s", 10.0),
        scenarios: scenarios(&object),
    })
}

fn scenarios(load: &Object<'_>) -> Vec<(usize, String, u32)> {
    let entries = load.entries("scenarios");
    let weight = |(key, node): &(Key, Node)| {
        let number = match &node.kind {
            Kind::Number(number) => number.as_u64(),
            _ => None,
        };
        let weight = number.and_then(|number| u32::try_from(number).ok());
        let weight = weight.filter(|weight| *weight <= WEIGHT_MAX);
        if weight.is_none() {
            let text = format!("{} must have a weight from 0 to {WEIGHT_MAX}", key.text);
            load.wrong(node.line, text);
        }
        Some((key.line, key.text.clone(), weight?))
    };
    entries.iter().filter_map(weight).collect()
}

fn customers(node: &Node, mistakes: &Mistakes) -> Option<Customers> {
    const KEYS: [&str; 4] = ["before", "during", "after", "recovery_s_max"];
    let object = Object::of(node, "customers", &KEYS, mistakes)?;
    let bound = |name| object.get(name).and_then(|node| bound(node, mistakes));
    Some(Customers {
        before: bound("before").unwrap_or_default(),
        during: bound("during").unwrap_or_default(),
        after: bound("after").unwrap_or_default(),
        recovery_s_max: object.number("recovery_s_max", 0.0..=SECONDS_MAX),
    })
}

fn bound(node: &Node, mistakes: &Mistakes) -> Option<Bound> {
    let object = Object::of(
        node,
        "customers",
        &["errors_percent_max", "p95_ms_max"],
        mistakes,
    )?;
    Some(Bound {
        errors_percent_max: object.number("errors_percent_max", PERCENT),
        p95_ms_max: object.number("p95_ms_max", 0.0..=60_000.0),
    })
}

fn guard(node: &Node, mistakes: &Mistakes) -> Option<Guard> {
    let object = Object::of(node, "guard", &["errors_percent_max", "over_s"], mistakes)?;
    if object.get("errors_percent_max").is_none() {
        object.wrong(node.line, "errors_percent_max is missing");
    }
    Some(Guard {
        errors_percent_max: object.number("errors_percent_max", PERCENT)?,
        over_s: object.number("over_s", 1.0..=SECONDS_MAX).unwrap_or(5.0),
    })
}

fn rise(node: &Node, mistakes: &Mistakes) -> Option<Rise> {
    const KEYS: [&str; 5] = ["service", "metric", "labels", "by", "by_max"];
    let object = Object::of(node, "rises", &KEYS, mistakes)?;
    let label = |(key, node): &(Key, Node)| match &node.kind {
        Kind::Text(value) => Some((key.text.clone(), value.clone())),
        _ => {
            object.wrong(node.line, format!("{} must be a text", key.text));
            None
        }
    };
    let labels = object.entries("labels");
    Some(Rise {
        line: node.line,
        service: object.needed("service")?.to_owned(),
        metric: object.needed("metric")?.to_owned(),
        labels: labels.iter().filter_map(label).collect(),
        by: object.number("by", COUNT).unwrap_or(1.0),
        by_max: object.number("by_max", COUNT),
    })
}

fn without(node: &Node, mistakes: &Mistakes) -> Option<Without> {
    let keys = ["service", "protection", "turns_red"];
    let object = Object::of(node, "without", &keys, mistakes)?;
    Some(Without {
        line: node.line,
        service: object.needed("service")?.to_owned(),
        protection: object.needed("protection")?.to_owned(),
        turns_red: object.needed("turns_red")?.to_owned(),
    })
}
