//! Grafana, for those who have it: the lab works without. One instance on loopback, its data in the state folder, open to
//! everybody who can reach it and changeable by nobody; it calls nobody.
//!
//! Whether a dashboard shows what it should is not known here.

mod installation;

use std::{fs, path::Path, path::PathBuf, time::Duration};

use crate::{Error, Launch, Result, StopSignal, process};

pub use installation::{HOW_TO_GET_IT, Installation};

/// Where the checked-in provider looks for dashboards: the place in the container.
const IN_CONTAINER: &str = "/var/lib/grafana/dashboards";

/// The lab's Grafana on one port.
#[derive(Clone, Debug)]
pub struct Grafana {
    installation: Installation,
    dir: PathBuf,
    port: u16,
}

/// What it shows: written at every start, over what was there.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Data sources, in its provisioning format; `$NAME` stands for a variable of [`Grafana::launch`].
    pub datasources: &'a str,
    /// Which folder dashboards are read from, in the same format, with the folder that it has in a container.
    pub provider: &'a str,
    /// File names and texts.
    pub dashboards: &'a [(&'a str, &'a str)],
}

impl Grafana {
    /// It, when it is installed; its data is in `<state>/grafana`.
    ///
    /// # Errors
    /// When the state folder cannot be resolved.
    pub fn locate(state: &Path, port: u16) -> Result<Option<Self>> {
        Installation::find()
            .map(|installation| Self::of(installation, state, port))
            .transpose()
    }

    fn of(installation: Installation, state: &Path, port: u16) -> Result<Self> {
        let dir = state.join("grafana");
        fs::create_dir_all(&dir)
            .and_then(|()| dir.canonicalize())
            .map(|dir| Self {
                installation,
                dir,
                port,
            })
            .map_err(Error::io(|| {
                format!("create {}", state.join("grafana").display())
            }))
    }

    /// Writes what it shows; dashboards of an earlier start are gone afterwards.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn configure(&self, setup: &Setup<'_>) -> Result<()> {
        for folder in [
            "dashboards",
            "provisioning/datasources",
            "provisioning/dashboards",
        ] {
            process::empty_folder(&self.dir.join(folder))?;
        }
        let dashboards = self.dir.join("dashboards");
        let provider = setup
            .provider
            .replace(IN_CONTAINER, process::text(&dashboards)?);
        self.write("provisioning/datasources/lab.yaml", setup.datasources)?;
        self.write("provisioning/dashboards/lab.yaml", &provider)?;
        for (name, text) in setup.dashboards {
            self.write(&format!("dashboards/{name}"), text)?;
        }
        Ok(())
    }

    /// The command line of the server, in the foreground, with `urls` in its environment. `home` is the file of the dashboard
    /// that is shown first. Call [`Grafana::configure`] before.
    ///
    /// # Errors
    /// When a folder's name is not UTF-8.
    pub fn launch(&self, home: &str, urls: &[(&str, String)]) -> Result<Launch> {
        let path = |name: &str| Ok::<_, Error>(process::text(&self.dir.join(name))?.to_owned());
        let folders = [
            ("GF_PATHS_DATA", path("data")?),
            ("GF_PATHS_LOGS", path("data/log")?),
            ("GF_PATHS_PLUGINS", path("data/plugins")?),
            ("GF_PATHS_PROVISIONING", path("provisioning")?),
            (
                "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH",
                path(&format!("dashboards/{home}"))?,
            ),
            ("GF_SERVER_HTTP_PORT", self.port.to_string()),
        ];
        let fixed = SETTINGS.map(|(name, value)| (name, value.to_owned()));
        let env = fixed.into_iter().chain(folders).chain(urls.iter().cloned());
        Ok(Launch {
            name: "grafana",
            program: self.installation.program.clone(),
            args: self.installation.args()?,
            env: env.map(|(name, value)| (name.to_owned(), value)).collect(),
            cwd: Some(self.dir.clone()),
            run_as: None,
            // Looking on must not slow what is looked at.
            background: true,
            port: self.port,
            stop_signal: StopSignal::Term,
            stop_deadline: Duration::from_secs(5),
        })
    }

    /// Answers 200 once pages are served.
    #[must_use]
    pub fn ready_url(&self) -> String {
        format!("http://127.0.0.1:{}/api/health", self.port)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.dir.join(name);
        fs::write(&path, text).map_err(Error::io(|| format!("write {}", path.display())))
    }
}

/// By environment, which goes before its files: nothing of the machine's own Grafana is read.
const SETTINGS: [(&str, &str); 15] = [
    ("GF_SERVER_HTTP_ADDR", "127.0.0.1"),
    // Everybody may look, nobody may change, and so nobody needs a password.
    ("GF_AUTH_ANONYMOUS_ENABLED", "true"),
    ("GF_AUTH_ANONYMOUS_ORG_ROLE", "Viewer"),
    ("GF_AUTH_BASIC_ENABLED", "false"),
    ("GF_AUTH_DISABLE_LOGIN_FORM", "true"),
    ("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "true"),
    ("GF_SECURITY_DISABLE_GRAVATAR", "true"),
    // The lab works offline.
    ("GF_ANALYTICS_REPORTING_ENABLED", "false"),
    ("GF_ANALYTICS_CHECK_FOR_UPDATES", "false"),
    ("GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES", "false"),
    ("GF_NEWS_NEWS_FEED_ENABLED", "false"),
    ("GF_PLUGINS_PREINSTALL_DISABLED", "true"),
    // Alertmanager's business.
    ("GF_UNIFIED_ALERTING_ENABLED", "false"),
    ("GF_LOG_MODE", "console"),
    ("GF_LOG_LEVEL", "warn"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn grafana(state: &Path) -> Grafana {
        let installation = Installation {
            program: "/opt/grafana/bin/grafana".into(),
            home: "/opt/grafana".into(),
        };
        Grafana::of(installation, state, 3000).unwrap()
    }

    fn setup<'a>(dashboards: &'a [(&'a str, &'a str)]) -> Setup<'a> {
        Setup {
            datasources: "url: $PROMETHEUS_URL",
            provider: "path: /var/lib/grafana/dashboards",
            dashboards,
        }
    }

    #[test]
    fn what_it_shows_is_written_and_an_earlier_dashboard_is_gone() {
        let state = tempfile::tempdir().unwrap();
        let grafana = grafana(state.path());
        grafana.configure(&setup(&[("old.json", "{}")])).unwrap();
        grafana.configure(&setup(&[("new.json", "{}")])).unwrap();
        let dir = state.path().canonicalize().unwrap().join("grafana");
        let files = fs::read_dir(dir.join("dashboards")).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["new.json"]);
        let provider = fs::read_to_string(dir.join("provisioning/dashboards/lab.yaml")).unwrap();
        assert_eq!(provider, format!("path: {}/dashboards", dir.display()));
    }

    #[test]
    fn it_is_started_on_loopback_with_its_data_in_the_state_folder_and_without_an_administrator() {
        let state = tempfile::tempdir().unwrap();
        let urls = [("PROMETHEUS_URL", "http://127.0.0.1:9090".to_owned())];
        let launch = grafana(state.path()).launch("shop.json", &urls).unwrap();
        assert_eq!(launch.args, ["server", "--homepath=/opt/grafana"]);
        let env: std::collections::BTreeMap<_, _> = launch.env.into_iter().collect();
        let dir = state.path().canonicalize().unwrap().join("grafana");
        for (name, value) in [
            ("GF_SERVER_HTTP_ADDR", "127.0.0.1"),
            ("GF_SERVER_HTTP_PORT", "3000"),
            ("GF_AUTH_ANONYMOUS_ORG_ROLE", "Viewer"),
            ("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "true"),
            ("GF_PATHS_DATA", &format!("{}/data", dir.display())),
            ("PROMETHEUS_URL", "http://127.0.0.1:9090"),
        ] {
            assert_eq!(env[name], value, "{name}");
        }
        assert!(env["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].ends_with("dashboards/shop.json"));
    }
}
