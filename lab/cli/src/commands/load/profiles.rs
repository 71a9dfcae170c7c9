//! Profiles by name: one's own in the repository first, then those that were compiled in. And `load profiles`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use loadtest::{
    profile::{Profile, SHIPPED},
    words::nearest,
};
use serde_json::json;

use super::refusal::refuse;
use crate::{
    Verdict,
    cli::Global,
    home::Home,
    term::{self, Column, table},
};

/// Where people put theirs.
const FOLDER: &str = "loadtest/profiles";

/// Options of `load profiles`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON: [{"name", "model", "description"}]
    #[arg(long)]
    json: bool,
}

/// Lists them.
///
/// # Errors
/// One in the repository is not valid.
pub(super) fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let repo = Home::find(global).ok().and_then(|home| home.repo);
    let profiles: Vec<Profile> = names(repo.as_deref())
        .iter()
        .map(|name| find(name, repo.as_deref()))
        .collect::<Result<_, _>>()?;
    if args.json {
        let one = |profile: &Profile| json!({ "name": profile.name, "model": profile.model_name(), "description": profile.description });
        term::json(&profiles.iter().map(one).collect::<Vec<_>>())?;
        return Ok(Verdict::Yes);
    }
    let heading = [
        ("PROFILE", Column::Left),
        ("MODEL", Column::Left),
        ("", Column::Left),
    ];
    let row = |profile: &Profile| {
        vec![
            profile.name.clone(),
            profile.model_name().to_owned(),
            profile.description.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = profiles.iter().map(row).collect();
    table(&heading, &rows, |_, _, text| text)
        .into_iter()
        .for_each(term::out);
    Ok(Verdict::Yes)
}

/// The profile that `wish` names: a file, or a name.
///
/// # Errors
/// There is none, or it makes no sense; each with the mend.
pub(super) fn find(wish: &str, repo: Option<&Path>) -> anyhow::Result<Profile> {
    if wish.contains('/') || is_yaml(Path::new(wish)) {
        return read(Path::new(wish), wish);
    }
    let own = repo.map(|repo| repo.join(FOLDER).join(format!("{wish}.yaml")));
    if let Some(file) = own.filter(|file| file.is_file()) {
        return read(&file, wish);
    }
    if let Some(profile) = Profile::shipped(wish) {
        return Ok(profile);
    }
    let names = names(repo);
    let near = nearest(wish, names.iter().map(String::as_str));
    let hint = near
        .map(|near| format!("; did you mean {near}?"))
        .unwrap_or_default();
    refuse(format!(
        "there is no profile {wish:?}{hint} There are {}; a file of your own is named with its path",
        names.join(", ")
    ))
}

/// Reads a file; the profile goes by the file's own name.
fn read(file: &Path, shown: &str) -> anyhow::Result<Profile> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return refuse(format!("the profile {shown} cannot be read: {error}")),
    };
    match Profile::parse(&file.display().to_string(), &text) {
        Ok(profile) => Ok(Profile {
            name: file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            ..profile
        }),
        Err(invalid) => refuse(invalid.to_string()),
    }
}

/// All names, the shipped ones first.
fn names(repo: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let files = repo.and_then(|repo| fs::read_dir(repo.join(FOLDER)).ok());
    let files = files
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let own = |file: PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
    let mut own: Vec<String> = files.filter(|file| is_yaml(file)).filter_map(own).collect();
    own.retain(|name| !names.contains(name));
    own.sort();
    names.extend(own);
    names
}

fn is_yaml(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml")
}
