//! Where Grafana is: packages, Homebrew and the unpacked archive put its program and its home into different places.

use std::path::{Path, PathBuf};

use crate::{Result, environment, process};

/// One line for people who want it.
pub const HOW_TO_GET_IT: &str =
    "https://grafana.com/grafana/download (11 or newer), or brew install grafana";

/// Its names, the newer first: `grafana server`, and the older program of its own.
const PROGRAMS: [&str; 2] = ["grafana", "grafana-server"];
/// Where its packages put its home.
const PACKAGED: &str = "/usr/share/grafana";
/// What is in every home.
const MARK: &str = "conf/defaults.ini";

/// An installed Grafana.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The server's program.
    pub program: PathBuf,
    /// The folder with its web pages and defaults.
    pub home: PathBuf,
}

impl Installation {
    /// The first that is found on `PATH` and in the usual folders.
    #[must_use]
    pub fn find() -> Option<Self> {
        let programs = PROGRAMS.into_iter().filter_map(environment::find_program);
        Self::among(&programs.collect::<Vec<_>>(), Path::new(PACKAGED))
    }

    /// A package's `grafana` in `/usr/sbin` is a script that adds the package's own configuration: the program in its home
    /// goes first.
    fn among(programs: &[PathBuf], packaged: &Path) -> Option<Self> {
        let homes = programs.iter().flat_map(|program| homes_of(program));
        let home = homes
            .chain([packaged.to_owned()])
            .find(|home| home.join(MARK).is_file())?;
        let own = PROGRAMS.map(|name| home.join("bin").join(name));
        let mut all = own.iter().chain(programs);
        let program = all.find(|program| program.is_file())?.clone();
        Some(Self { program, home })
    }

    pub(super) fn args(&self) -> Result<Vec<String>> {
        let home = format!("--homepath={}", process::text(&self.home)?);
        let newer = self
            .program
            .file_name()
            .is_some_and(|name| name == PROGRAMS[0]);
        let subcommand = newer.then(|| "server".to_owned());
        Ok(subcommand.into_iter().chain([home]).collect())
    }
}

/// `<home>/bin/grafana` of the archive, `<prefix>/bin/grafana` beside `<prefix>/share/grafana` of Homebrew.
fn homes_of(program: &Path) -> Vec<PathBuf> {
    let real = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let prefix = real.ancestors().nth(2).map(Path::to_owned);
    prefix
        .into_iter()
        .flat_map(|prefix| [prefix.join("share/grafana"), prefix])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(path: PathBuf) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let nowhere = tempfile::tempdir().unwrap();
        assert_eq!(Installation::among(&[], nowhere.path()), None);
        let program = file(nowhere.path().join("bin/grafana"));
        assert_eq!(Installation::among(&[program], nowhere.path()), None);
    }

    #[test]
    fn an_archive_and_homebrew_are_found_from_their_program() {
        for share in ["", "share/grafana"] {
            let root = tempfile::tempdir().unwrap();
            let root = root.path().canonicalize().unwrap();
            let program = file(root.join("bin/grafana"));
            let home = root.join(share);
            file(home.join(MARK));
            let found =
                Installation::among(std::slice::from_ref(&program), Path::new("/nowhere")).unwrap();
            assert_eq!(
                (&found.program, found.home.components().as_path()),
                (&program, home.components().as_path())
            );
            assert_eq!(found.args().unwrap()[0], "server");
        }
    }

    #[test]
    fn a_package_is_started_by_the_program_in_its_home_not_by_its_script() {
        let root = tempfile::tempdir().unwrap();
        let script = file(root.path().join("usr/sbin/grafana-server"));
        let home = root.path().join("usr-share-grafana");
        file(home.join(MARK));
        let program = file(home.join("bin/grafana-server"));
        let found = Installation::among(&[script], &home).unwrap();
        assert_eq!(found.program, program);
        assert_eq!(
            found.args().unwrap().len(),
            1,
            "an older one has no subcommand"
        );
    }
}
