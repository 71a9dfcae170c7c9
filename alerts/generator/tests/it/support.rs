//! Where the files are, and what is in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the package is in alerts/generator")
}

pub(crate) fn read(name: &str) -> String {
    let path = repository().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of the files in `folder` that end in `suffix`, sorted.
pub(crate) fn files(folder: &str, suffix: &str) -> Vec<String> {
    let entries = fs::read_dir(repository().join(folder)).expect("the folder is there");
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry
                .expect("it can be listed")
                .file_name()
                .into_string()
                .ok()
        })
        .filter(|name| name.ends_with(suffix))
        .collect();
    names.sort();
    assert!(
        !names.is_empty(),
        "{folder} has no file that ends in {suffix}"
    );
    names
}

/// A rule that alerts.
pub(crate) struct Alert {
    /// The file in `alerts/rules`.
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Every alert of every rule file.
pub(crate) fn alerts() -> Vec<Alert> {
    let in_file = |file: String| {
        let text = read(&format!("alerts/rules/{file}"));
        let rules: RuleFile = serde_norway::from_str(&text).expect("a rule file");
        let rules = rules.groups.into_iter().flat_map(|group| group.rules);
        rules.filter_map(move |rule| {
            Some(Alert {
                file: file.clone(),
                name: rule.alert?,
                labels: rule.labels,
                annotations: rule.annotations,
            })
        })
    };
    files("alerts/rules", ".yml")
        .into_iter()
        .flat_map(in_file)
        .collect()
}

/// `ServiceDown` as a file is called: `service-down`.
pub(crate) fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}
