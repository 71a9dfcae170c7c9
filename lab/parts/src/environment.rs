//! The one place where this crate reads the environment: where programs are looked for and kept.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{Error, Result};

/// Folders that are worth a look even when `PATH` leaves them out, as it does for cron, CI and sudo.
const USUAL_FOLDERS: [&str; 4] = [
    "/usr/local/bin",
    "/usr/bin",
    "/usr/sbin",
    "/opt/homebrew/bin",
];

/// The folders of `PATH`, then the usual ones.
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(USUAL_FOLDERS.map(PathBuf::from))
        .collect()
}

/// The file `name` in the first folder of [`search_path`] that has it.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    search_path()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// Where built programs are kept between clones: `$FAULTLINE_CACHE`, else the user's cache folder.
///
/// # Errors
/// When neither that nor a home folder is set.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    let set = |name| {
        variable(name)
            .filter(|value| Path::new(value).is_absolute())
            .map(PathBuf::from)
    };
    set("FAULTLINE_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("faultline")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/faultline")))
        .ok_or_else(|| {
            Error::Invalid(
                "no folder to keep built programs in: set FAULTLINE_CACHE to an absolute path"
                    .into(),
            )
        })
}

/// The cargo that runs us when there is one, else the one on `PATH`.
pub(crate) fn cargo() -> PathBuf {
    variable("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn variable(name: &str) -> Option<OsString> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the lab's tools are not services: chassis::config is not theirs, and this is their one reader"
    )]
    env::var_os(name).filter(|value| !value.is_empty())
}
