//! One cluster: its data folder, its command line, its readiness.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::timeout;

use super::{Admin, Installation, MAJOR_MIN, Placement, Settings, installations, placement};
use crate::{Error, Launch, Result, Secrets, StopSignal, process, secrets::Password};

/// The role that owns the cluster; services never get its password.
pub const SUPERUSER: &str = "postgres";

const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// The lab's PostgreSQL on one port.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(super) installation: Installation,
    pub(super) placement: Placement,
    settings: Settings,
    port: u16,
    pub(super) password: Password,
    /// Tells this lab's data from that of a lab with other secrets, without being one.
    pub(super) fingerprint: String,
}

impl Cluster {
    /// Finds a server that fits the state folder and decides where its data is; starts and writes nothing yet.
    ///
    /// # Errors
    /// When no PostgreSQL ≥ [`MAJOR_MIN`] is installed, or none of the major release that made the data.
    pub fn locate(state: &Path, port: u16, settings: Settings, secrets: &Secrets) -> Result<Self> {
        let placement = placement::place(state)?;
        let installation = choose(&placement.data(), installations())?;
        Ok(Self {
            installation,
            placement,
            settings,
            port,
            password: Password(secrets.postgres_role(SUPERUSER)),
            fingerprint: secrets.password("postgres/fingerprint"),
        })
    }

    /// The release that runs it.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Where its data is, and why there.
    #[must_use]
    pub fn placement(&self) -> &Placement {
        &self.placement
    }

    /// The command line of the server, in the foreground.
    ///
    /// # Errors
    /// When the data folder's name is not UTF-8.
    pub fn launch(&self) -> Result<Launch> {
        let data = self.placement.data();
        let mut args = vec!["-D".to_owned(), process::text(&data)?.to_owned()];
        let sockets = self.placement.sockets().unwrap_or_default();
        args.extend(self.settings.arguments(self.port, process::text(&sockets)?));
        Ok(Launch {
            name: "postgres",
            program: self.installation.bin.join("postgres"),
            args,
            env: vec![("LC_ALL".into(), "C".into())],
            cwd: Some(self.placement.dir.clone()),
            run_as: self.placement.run_as,
            background: false,
            port: self.port,
            stop_signal: StopSignal::Int,
            stop_deadline: Duration::from_secs(5),
        })
    }

    /// Ready means that a session answers a query: an open port is not enough, the server may be replaying its log.
    ///
    /// # Errors
    /// As long as it is not.
    pub async fn ready(&self) -> Result<()> {
        let mut connection = self.connect("postgres").await?;
        sqlx::query("SELECT 1")
            .execute(&mut connection)
            .await
            .map_err(Error::database("answer a query"))?;
        connection
            .close()
            .await
            .map_err(Error::database("end a session"))
    }

    /// A session of the superuser that makes databases and roles.
    ///
    /// # Errors
    /// When the server does not accept it.
    pub async fn admin(&self) -> Result<Admin> {
        self.connect("postgres").await.map(Admin::new)
    }

    /// `postgres://role:password@127.0.0.1:port/database`.
    #[must_use]
    pub fn url(&self, role: &str, password: &str, database: &str) -> String {
        format!(
            "postgres://{role}:{password}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// The superuser's URL, for tests that make their own databases; never a service's.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.url(SUPERUSER, &self.password.0, "postgres")
    }

    async fn connect(&self, database: &str) -> Result<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username(SUPERUSER)
            .password(&self.password.0)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
            .disable_statement_logging();
        let connected = timeout(CONNECT_LIMIT, options.connect()).await;
        connected
            .unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut))
            .map_err(Error::database(format!(
                "connect to 127.0.0.1:{}",
                self.port
            )))
    }
}

/// The newest release for new data; for existing data the release that made it.
fn choose(data: &Path, installed: Vec<Installation>) -> Result<Installation> {
    let majors = installed
        .iter()
        .map(|one| one.major.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let version_file: PathBuf = data.join("PG_VERSION");
    let made_by = fs::read_to_string(&version_file)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    let fits = |one: &Installation| made_by.is_none_or(|major| one.major == major);
    installed
        .into_iter()
        .find(fits)
        .ok_or_else(|| match made_by {
            Some(found) if !majors.is_empty() => Error::OtherMajor {
                dir: data.into(),
                found,
                installed: majors,
            },
            _ => Error::Missing {
                what: format!("PostgreSQL {MAJOR_MIN} or newer"),
                mend: "Run: faultline setup".into(),
            },
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Installation> {
        let one = |&major| Installation {
            major,
            version: format!("{major}.1"),
            bin: "/x".into(),
        };
        majors.iter().map(one).collect()
    }

    #[test]
    fn new_data_is_made_by_the_newest_release() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(choose(data.path(), installed(&[17, 15])).unwrap().major, 17);
    }

    #[test]
    fn existing_data_is_opened_by_the_release_that_made_it() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("PG_VERSION"), "15\n").unwrap();
        assert_eq!(choose(data.path(), installed(&[17, 15])).unwrap().major, 15);
    }

    #[test]
    fn data_of_a_release_that_is_gone_is_refused_with_the_mend() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("PG_VERSION"), "15\n").unwrap();
        let error = choose(data.path(), installed(&[17, 16]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("PostgreSQL 15, but this machine has only PostgreSQL 17, 16"),
            "{error}"
        );
        assert!(error.contains("Install PostgreSQL 15 again"), "{error}");
    }

    #[test]
    fn a_machine_without_postgresql_is_told_what_to_run() {
        let data = tempfile::tempdir().unwrap();
        let error = choose(data.path(), Vec::new()).unwrap_err().to_string();
        assert_eq!(
            error,
            "PostgreSQL 15 or newer is missing. Run: faultline setup"
        );
    }
}
