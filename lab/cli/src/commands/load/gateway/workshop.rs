//! What the comparison needs of the machine, and the folder in which it works.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use nix::unistd::Uid;
use parts::requirements::{Kind, check};

use crate::{Lab, commands::setup::reference};

const SCRIPT: &str = include_str!("../../../../../../loadtest/reference/wrk.lua");

/// Programs and places.
pub(super) struct Workshop {
    pub(super) nginx: PathBuf,
    pub(super) wrk: PathBuf,
    pub(super) node: PathBuf,
    /// The Express gateway with its packages.
    pub(super) express: PathBuf,
    /// What wrk prints.
    pub(super) script: PathBuf,
    folder: PathBuf,
}

impl Workshop {
    /// Looks for everything, and makes the folder anew.
    ///
    /// # Errors
    /// Something is missing: all of it by name, and how to get it.
    pub(super) fn of(lab: &Lab) -> anyhow::Result<Self> {
        let found = check(&Kind::OF_REFERENCE);
        let express = reference::installed(lab.home.repo()?);
        let mut missing: Vec<String> = found
            .iter()
            .filter(|one| one.is_missing())
            .map(|one| format!("{}: {}", one.name, one.mend))
            .collect();
        if express.is_none() {
            missing.push("the packages of the Express gateway".to_owned());
        }
        let (Some(express), true) = (express, missing.is_empty()) else {
            bail!(
                "this comparison needs what is not here:\n  {}\n`faultline setup --for reference` installs all of it",
                missing.join("\n  ")
            );
        };
        let program = |kind: Kind| {
            let one = found.iter().find(|one| one.kind == kind);
            let found = one.and_then(|one| one.found.as_ref());
            found.map(|found| found.path.clone()).context("looked for")
        };
        let folder = lab.home.state.join("load/gateway");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let script = folder.join("wrk.lua");
        fs::write(&script, SCRIPT)?;
        Ok(Self {
            nginx: program(Kind::Nginx)?,
            wrk: program(Kind::Wrk)?,
            node: program(Kind::Node)?,
            express,
            script,
            folder,
        })
    }

    /// A folder of this name.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(folder)
    }
}

/// A configuration of nginx with its gaps filled in, as a file in `folder`.
///
/// # Errors
/// It cannot be written.
pub(super) fn configuration(
    template: &str,
    folder: &Path,
    ports: &[(&str, u16)],
) -> anyhow::Result<PathBuf> {
    // As root it would give its workers to a user who cannot reach the folder; others cannot choose.
    let user = if Uid::effective().is_root() {
        "user root;"
    } else {
        ""
    };
    let mut text = template
        .replace("${FOLDER}", &folder.display().to_string())
        .replace("${USER}", user);
    for (name, port) in ports {
        text = text.replace(&format!("${{{name}}}"), &port.to_string());
    }
    let file = folder.join("nginx.conf");
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    Ok(file)
}
