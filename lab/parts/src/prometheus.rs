//! The lab's own Prometheus: one instance on loopback, bounded in time, disk and memory.
//!
//! What it scrapes and which rules it evaluates is the caller's business ([`Setup`]); how it is run is here.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{Error, Launch, Result, StopSignal, environment, process};

/// The lab's period for error budgets is a day; the day before is kept to compare with.
const RETENTION_TIME: &str = "2d";
/// Far more than two days of a lab take (about 40 MB); the bound is for a series that went wild.
const RETENTION_SIZE: &str = "256MB";

/// The lab's Prometheus on one port.
#[derive(Clone, Debug)]
pub struct Prometheus {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
}

/// What it does: written at every start, over what was there.
#[derive(Debug)]
pub struct Setup<'a> {
    /// `prometheus.yml`. Its paths are relative: `rules/*.yml`, `targets/NAME.json`.
    pub config: &'a str,
    /// Rule files: their names without folder, their text.
    pub rules: &'a [(&'a str, &'a str)],
    /// Files for `file_sd_configs`, by name without folder or extension.
    pub targets: &'a [(&'a str, Vec<Target>)],
}

/// Something to scrape or to talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// The label `service` of its series; none for what is not scraped.
    pub service: Option<String>,
}

impl Prometheus {
    /// Finds the server; its data is in `<state>/prometheus`.
    ///
    /// # Errors
    /// When prometheus is not installed or the state folder cannot be resolved.
    pub fn locate(state: &Path, port: u16) -> Result<Self> {
        let program = environment::find_program("prometheus").ok_or_else(|| Error::Missing {
            what: "prometheus".into(),
            mend: "Run: faultline setup".into(),
        })?;
        let dir = state.join("prometheus");
        fs::create_dir_all(&dir)
            .and_then(|()| dir.canonicalize())
            .map(|dir| Self { program, dir, port })
            .map_err(Error::io(|| {
                format!("create {}", state.join("prometheus").display())
            }))
    }

    /// Writes its configuration; rules and targets of an earlier start are gone afterwards.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn configure(&self, setup: &Setup<'_>) -> Result<()> {
        for folder in ["rules", "targets"] {
            process::empty_folder(&self.dir.join(folder))?;
        }
        self.write("prometheus.yml", setup.config)?;
        for (name, text) in setup.rules {
            self.write(&format!("rules/{name}"), text)?;
        }
        for (name, targets) in setup.targets {
            self.write(&format!("targets/{name}.json"), &discovery(targets))?;
        }
        Ok(())
    }

    /// The command line of the server, in the foreground. Call [`Prometheus::configure`] first.
    ///
    /// # Errors
    /// When the folder's name is not UTF-8.
    pub fn launch(&self) -> Result<Launch> {
        let path = |name: &str| Ok::<_, Error>(process::text(&self.dir.join(name))?.to_owned());
        Ok(Launch {
            name: "prometheus",
            program: self.program.clone(),
            args: vec![
                format!("--config.file={}", path("prometheus.yml")?),
                format!("--storage.tsdb.path={}", path("data")?),
                format!("--storage.tsdb.retention.time={RETENTION_TIME}"),
                format!("--storage.tsdb.retention.size={RETENTION_SIZE}"),
                // Memory follows the log that is replayed at a start: small segments, cut early.
                "--storage.tsdb.wal-segment-size=10MB".into(),
                format!("--web.listen-address=127.0.0.1:{}", self.port),
                format!("--web.external-url={}", self.url()),
                "--enable-feature=exemplar-storage".into(),
                "--query.max-concurrency=4".into(),
                "--query.max-samples=10000000".into(),
            ],
            // It shares two cores and half a gigabyte with everything else: collect early, and hard near the limit.
            env: vec![
                ("GOGC".into(), "40".into()),
                ("GOMEMLIMIT".into(), "96MiB".into()),
            ],
            cwd: Some(self.dir.clone()),
            run_as: None,
            // Looking on must not slow what is looked at.
            background: true,
            port: self.port,
            stop_signal: StopSignal::Term,
            stop_deadline: Duration::from_secs(5),
        })
    }

    /// Answers 200 once its log is replayed and it answers queries.
    #[must_use]
    pub fn ready_url(&self) -> String {
        format!("{}/-/ready", self.url())
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.dir.join(name);
        fs::write(&path, text).map_err(Error::io(|| format!("write {}", path.display())))
    }
}

/// The form that `file_sd_configs` reads: one group for each target.
fn discovery(targets: &[Target]) -> String {
    let group = |target: &Target| {
        let labels = target
            .service
            .iter()
            .map(|service| ("service".to_owned(), service.clone().into()));
        serde_json::json!({
            "targets": [target.address],
            "labels": labels.collect::<serde_json::Map<_, _>>(),
        })
    };
    let groups: Vec<serde_json::Value> = targets.iter().map(group).collect();
    serde_json::Value::from(groups).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_written_as_prometheus_reads_them() {
        let target = |address: &str, service: Option<&str>| Target {
            address: address.to_owned(),
            service: service.map(str::to_owned),
        };
        assert_eq!(
            discovery(&[target("a:1", Some("order")), target("b:2", None)]),
            r#"[{"labels":{"service":"order"},"targets":["a:1"]},{"labels":{},"targets":["b:2"]}]"#
        );
    }

    #[test]
    fn what_an_earlier_start_has_written_is_gone() {
        let state = tempfile::tempdir().unwrap();
        let prometheus = Prometheus::locate(state.path(), 1).unwrap();
        let setup = |rule| Setup {
            config: "",
            rules: rule,
            targets: &[],
        };
        prometheus
            .configure(&setup(&[("old.yml", "groups: []")]))
            .unwrap();
        prometheus
            .configure(&setup(&[("new.yml", "groups: []")]))
            .unwrap();
        let rules = fs::read_dir(state.path().join("prometheus/rules")).unwrap();
        let names: Vec<_> = rules.map(|rule| rule.unwrap().file_name()).collect();
        assert_eq!(names, ["new.yml"]);
    }
}
