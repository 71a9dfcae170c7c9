//! The lab's own Alertmanager: one instance on loopback, without the gossip of a cluster.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Error, Launch, Result, StopSignal, environment, process};

/// Its names: Debian's, and everybody else's.
pub(crate) const PROGRAMS: [&str; 2] = ["prometheus-alertmanager", "alertmanager"];

/// The lab's Alertmanager on one port.
#[derive(Clone, Debug)]
pub struct Alertmanager {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
}

impl Alertmanager {
    /// Finds the server; its data is in `<state>/alertmanager`.
    ///
    /// # Errors
    /// When it is not installed or the state folder cannot be resolved.
    pub fn locate(state: &Path, port: u16) -> Result<Self> {
        let program = PROGRAMS.into_iter().find_map(environment::find_program);
        let program = program.ok_or_else(|| Error::Missing {
            what: "Alertmanager".into(),
            mend: "Run: faultline setup".into(),
        })?;
        let dir = state.join("alertmanager");
        fs::create_dir_all(&dir)
            .and_then(|()| dir.canonicalize())
            .map(|dir| Self { program, dir, port })
            .map_err(Error::io(|| {
                format!("create {}", state.join("alertmanager").display())
            }))
    }

    /// Writes its configuration.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self, config: &str) -> Result<()> {
        let path = self.configuration_file();
        fs::write(&path, config).map_err(Error::io(|| format!("write {}", path.display())))
    }

    /// The command line of the server, in the foreground. Call [`Alertmanager::configure`] first.
    ///
    /// # Errors
    /// When the folder's name is not UTF-8.
    pub fn launch(&self) -> Result<Launch> {
        let data = self.dir.join("data");
        Ok(Launch {
            name: "alertmanager",
            program: self.program.clone(),
            args: vec![
                format!(
                    "--config.file={}",
                    process::text(&self.configuration_file())?
                ),
                format!("--storage.path={}", process::text(&data)?),
                format!("--web.listen-address=127.0.0.1:{}", self.port),
                format!("--web.external-url=http://127.0.0.1:{}", self.port),
                // Nobody to gossip with, and so no port for it.
                "--cluster.listen-address=".into(),
            ],
            env: vec![("GOGC".into(), "40".into())],
            cwd: Some(self.dir.clone()),
            run_as: None,
            // Looking on must not slow what is looked at.
            background: true,
            port: self.port,
            stop_signal: StopSignal::Term,
            stop_deadline: Duration::from_secs(3),
        })
    }

    /// Answers 200 once alerts are taken.
    #[must_use]
    pub fn ready_url(&self) -> String {
        format!("http://127.0.0.1:{}/-/ready", self.port)
    }

    fn configuration_file(&self) -> PathBuf {
        self.dir.join("alertmanager.yml")
    }
}
