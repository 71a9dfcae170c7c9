//! What a document points at is there: files behind links, headings behind anchors, paths that it names.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::sources;

/// Folders whose paths the documents name in backticks. What is built or kept (`target`, `.faultline`) is not here.
const FOLDERS: [&str; 9] = [
    "chaos/",
    "contracts/",
    "dashboards/",
    "deploy/",
    "docs/",
    "lab/",
    "scripts/",
    "services/",
    "tests/",
];

#[test]
fn every_link_leads_to_a_file_and_a_heading_of_it() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = sources::read(&document);
        for link in pieces(&text, "](", ")") {
            if !link.contains("://") && !leads_somewhere(&document, link) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_that_is_named_exists() {
    let mut missing = Vec::new();
    for document in documents() {
        for line in sources::read(&document).lines() {
            for name in pieces(line, "`", "`") {
                if is_path(name) && !sources::root().join(name).exists() {
                    missing.push(format!("{}: {name}", document.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// A path without a placeholder in it.
fn is_path(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    FOLDERS.iter().any(|folder| name.starts_with(folder)) && name.chars().all(plain)
}

/// All of them.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![sources::root().join("README.md")];
    collect(&sources::root().join("docs"), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in sources::entries(folder) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "md") {
            found.push(path);
        }
    }
}

/// What stands between `start` and the next `end`, each time.
fn pieces<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((piece, after)) = rest
        .split_once(start)
        .and_then(|(_, after)| after.split_once(end))
    {
        found.push(piece);
        rest = after;
    }
    found
}

fn leads_somewhere(document: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => document.to_owned(),
        path => document.parent().unwrap().join(path),
    };
    target.exists() && (anchor.is_empty() || headings(&target).contains(anchor))
}

/// The anchors of a document's headings, as forges make them.
fn headings(document: &Path) -> BTreeSet<String> {
    let text = sources::read(document);
    let titles = text.lines().filter(|line| line.starts_with('#'));
    titles
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().replace(' ', "-")
        })
        .collect()
}
