//! An experiment in Chaos Toolkit's format, as it was written: what holds, what is done, how it is undone. Names in
//! `${…}` are not replaced yet.

mod activity;
mod extension;
mod provider;
mod settings;
mod tolerances;

use serde_json::Value;

pub use activity::{Activity, ActivityKind};
pub use extension::{Bound, Customers, Extension, Guard, Load, Rise, Without};
pub use provider::{Http, Process, Provider, Words};
pub use settings::{EnvKind, Setting, Source};

use crate::mistake::Invalid;
use crate::read::{Mistakes, Object};
use crate::tree::Node;

/// The keys that are known.
#[cfg(test)]
pub(crate) mod keys {
    pub(crate) use super::KEYS as EXPERIMENT;
    pub(crate) use super::activity::KEYS as ACTIVITY;
    pub(crate) use super::extension::KEYS as EXTENSION;
    pub(crate) use super::provider::{HTTP_KEYS as HTTP, PROCESS_KEYS as PROCESS};
}

pub(crate) const KEYS: [&str; 15] = [
    "title",
    "description",
    "version",
    "tags",
    "configuration",
    "secrets",
    "steady-state-hypothesis",
    "method",
    "rollbacks",
    "controls",
    "extensions",
    "contributions",
    "runtime",
    "dry",
    "$schema",
];
/// A file of more bytes is no experiment.
pub const BYTES_MAX: usize = 1 << 20;

/// An experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// What it asks.
    pub title: String,
    /// Why.
    pub description: String,
    /// For finding it.
    pub tags: Vec<String>,
    /// Values by name, those of secrets after those of the configuration.
    pub settings: Vec<Setting>,
    /// What has to hold before and after.
    pub hypothesis: Option<Hypothesis>,
    /// What is done.
    pub method: Vec<Activity>,
    /// How it is undone.
    pub rollbacks: Vec<Activity>,
    /// When the hypothesis is looked at.
    pub looks: Looks,
    /// When rollbacks are run.
    pub undo: Undo,
    /// What Chaos Toolkit does not know: load, bounds, guards.
    pub extension: Option<Extension>,
    /// As it was written, for the journal.
    pub document: Value,
    /// What stands in it and is not done here, for whoever runs it.
    pub ignored: Vec<String>,
}

/// A steady state.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// In words.
    pub title: String,
    /// All have a tolerance.
    pub probes: Vec<Activity>,
}

/// When the hypothesis is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Looks {
    /// Before and after the method.
    #[default]
    BeforeAndAfter,
    /// Only before.
    Before,
    /// Only after.
    After,
    /// Only during.
    During,
    /// Before, during and after.
    Continuously,
}

/// When rollbacks are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Undo {
    /// Whatever happened: the shop is never left broken. (Chaos Toolkit leaves it so when its run failed or was interrupted.)
    #[default]
    Always,
    /// Never.
    Never,
    /// Only when the hypothesis did not hold afterwards.
    Deviated,
}

impl Looks {
    pub(crate) const WORDS: [(&str, Self); 5] = [
        ("default", Self::BeforeAndAfter),
        ("before-method-only", Self::Before),
        ("after-method-only", Self::After),
        ("during-method-only", Self::During),
        ("continuously", Self::Continuously),
    ];

    pub(crate) fn before(self) -> bool {
        matches!(
            self,
            Self::BeforeAndAfter | Self::Before | Self::Continuously
        )
    }

    pub(crate) fn during(self) -> bool {
        matches!(self, Self::During | Self::Continuously)
    }

    pub(crate) fn after(self) -> bool {
        matches!(
            self,
            Self::BeforeAndAfter | Self::After | Self::Continuously
        )
    }
}

impl Undo {
    pub(crate) const WORDS: [(&str, Self); 4] = [
        ("default", Self::Always),
        ("always", Self::Always),
        ("never", Self::Never),
        ("deviated", Self::Deviated),
    ];
}

impl Experiment {
    /// Reads YAML or JSON. `file` is only named in what is wrong.
    ///
    /// # Errors
    /// Every mistake with its line.
    pub fn parse(file: &str, text: &str) -> Result<Self, Invalid> {
        let invalid = |mistakes| Invalid {
            file: file.to_owned(),
            mistakes,
        };
        let tree = Node::parse(text).map_err(|mistake| invalid(vec![mistake]))?;
        let mistakes = Mistakes::default();
        let experiment = read(&tree, &mistakes);
        match (experiment, mistakes.all()) {
            (Some(experiment), none) if none.is_empty() => Ok(experiment),
            (_, mistakes) => Err(invalid(mistakes)),
        }
    }

    /// Every activity, in the order of the file.
    pub fn activities(&self) -> impl Iterator<Item = &Activity> {
        let probes = self.hypothesis.iter().flat_map(|one| &one.probes);
        probes.chain(&self.method).chain(&self.rollbacks)
    }
}

fn read(tree: &Node, mistakes: &Mistakes) -> Option<Experiment> {
    let object = Object::of(tree, "experiment", &KEYS, mistakes)?;
    let title = object.needed("title");
    let description = object.needed("description");
    if object.get("method").is_none() {
        object.wrong(tree.line, "method is missing; it may be an empty list");
    }
    let named = activity::named(&object);
    let all = |key| -> Vec<Activity> {
        let read = |node| activity::read(node, &named, mistakes);
        object.list(key).iter().filter_map(read).collect()
    };
    let (method, rollbacks) = (all("method"), all("rollbacks"));
    let hypothesis = object
        .get("steady-state-hypothesis")
        .and_then(|node| hypothesis(node, &named, mistakes));
    let runtime = object.get("runtime");
    Some(Experiment {
        title: title.unwrap_or_default().to_owned(),
        description: description.unwrap_or_default().to_owned(),
        tags: object
            .texts("tags")
            .into_iter()
            .map(|(_, tag)| tag)
            .collect(),
        settings: settings::read(&object, mistakes),
        hypothesis,
        method,
        rollbacks,
        looks: runtime
            .and_then(|node| strategy(node, "hypothesis", &Looks::WORDS, mistakes))
            .unwrap_or_default(),
        undo: runtime
            .and_then(|node| strategy(node, "rollbacks", &Undo::WORDS, mistakes))
            .unwrap_or_default(),
        extension: extension::read(&object, mistakes),
        document: tree.json(),
        ignored: ignored(&object),
    })
}

fn hypothesis(node: &Node, named: &activity::Named<'_>, mistakes: &Mistakes) -> Option<Hypothesis> {
    const KEYS: [&str; 3] = ["title", "probes", "controls"];
    let object = Object::of(node, "steady-state-hypothesis", &KEYS, mistakes)?;
    let probe = |node| {
        let probe = activity::read(node, named, mistakes)?;
        if probe.tolerance.is_none() {
            object.wrong(probe.line, format!("{:?} needs a tolerance", probe.name));
        }
        if probe.kind == ActivityKind::Action {
            object.wrong(probe.line, format!("{:?} must be a probe", probe.name));
        }
        Some(probe)
    };
    Some(Hypothesis {
        title: object.needed("title")?.to_owned(),
        probes: object.list("probes").iter().filter_map(probe).collect(),
    })
}

fn strategy<T: Copy>(node: &Node, of: &str, words: &[(&str, T)], mistakes: &Mistakes) -> Option<T> {
    let runtime = Object::of(node, "runtime", &["rollbacks", "hypothesis"], mistakes)?;
    let one = Object::of(runtime.get(of)?, "runtime", &["strategy"], mistakes)?;
    one.word("strategy", words)
}

/// Controls are Python and do not run here; neither do others' extensions.
fn ignored(object: &Object<'_>) -> Vec<String> {
    let controls = !object.list("controls").is_empty();
    let inner = object.list("method").iter().chain(object.list("rollbacks"));
    let inner = inner.filter(|node| node.get("controls").is_some()).count() > 0;
    (controls || inner)
        .then(|| "controls run under Chaos Toolkit only".to_owned())
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests;
