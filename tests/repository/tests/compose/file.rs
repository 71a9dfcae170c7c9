//! The compose file as far as the checks look at it.

use std::collections::BTreeMap;

use serde_norway::Value;

use crate::sources;

pub(super) struct Compose {
    pub(super) containers: BTreeMap<String, Container>,
    /// Names of the named volumes.
    pub(super) volumes: Vec<String>,
}

pub(super) struct Container {
    pub(super) image: String,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) ports: Vec<String>,
    /// `source:target[:mode]`
    pub(super) volumes: Vec<String>,
    /// What is waited for, and for what of it.
    pub(super) depends_on: BTreeMap<String, String>,
    /// Whether there is one here; that of an image does not show.
    pub(super) healthcheck: bool,
    /// `dockerfile` and `SERVICE` of what is built here.
    pub(super) build: Option<(String, String)>,
}

impl Compose {
    pub(super) fn read() -> Self {
        let text = sources::read("docker-compose.yml");
        let mut yaml: Value = serde_norway::from_str(&text).unwrap();
        yaml.apply_merge().unwrap();
        Self {
            containers: entries(&yaml["services"])
                .map(|(name, container)| (name, Container::from(container)))
                .collect(),
            volumes: entries(&yaml["volumes"]).map(|(name, _)| name).collect(),
        }
    }

    pub(super) fn container(&self, name: &str) -> &Container {
        self.containers
            .get(name)
            .unwrap_or_else(|| panic!("there is no container {name}"))
    }
}

impl From<&Value> for Container {
    fn from(yaml: &Value) -> Self {
        let build = &yaml["build"];
        Self {
            image: text(&yaml["image"]),
            environment: entries(&yaml["environment"])
                .map(|(name, value)| (name, text(value)))
                .collect(),
            ports: texts(&yaml["ports"]),
            volumes: texts(&yaml["volumes"]),
            depends_on: depends_on(&yaml["depends_on"]),
            healthcheck: yaml["healthcheck"].is_mapping(),
            build: build
                .is_mapping()
                .then(|| (text(&build["dockerfile"]), text(&build["args"]["SERVICE"]))),
        }
    }
}

/// Both forms: a list means "started".
fn depends_on(yaml: &Value) -> BTreeMap<String, String> {
    let listed = texts(yaml)
        .into_iter()
        .map(|name| (name, "service_started".to_owned()));
    let told = entries(yaml).map(|(name, how)| (name, text(&how["condition"])));
    listed.chain(told).collect()
}

fn entries(yaml: &Value) -> impl Iterator<Item = (String, &Value)> {
    let mapping = yaml.as_mapping().into_iter().flatten();
    mapping.map(|(name, value)| (text(name), value))
}

fn texts(yaml: &Value) -> Vec<String> {
    let list = yaml.as_sequence().into_iter().flatten();
    list.map(text).collect()
}

/// Compose hands variables on as text, and YAML reads an unquoted `true` or `1` as something else: such a value is a
/// mistake here.
fn text(yaml: &Value) -> String {
    match yaml {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => panic!("quote {other:?}"),
    }
}
