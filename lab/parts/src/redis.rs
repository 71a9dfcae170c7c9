//! The lab's own Redis: one instance, append-only file, a bounded memory that refuses rather than evicts.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::timeout;

use crate::{Error, Launch, Result, Secrets, StopSignal, environment, process, secrets::Password};

const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The lab's Redis on one port.
#[derive(Clone, Debug)]
pub struct Redis {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
    password: Password,
}

impl Redis {
    /// Finds the server; its data is in `<state>/redis`.
    ///
    /// # Errors
    /// When redis-server is not installed or the state folder cannot be resolved.
    pub fn locate(state: &Path, port: u16, secrets: &Secrets) -> Result<Self> {
        let program = environment::find_program("redis-server").ok_or_else(|| Error::Missing {
            what: "redis-server".into(),
            mend: "Run: faultline setup".into(),
        })?;
        let dir = state.join("redis");
        fs::create_dir_all(&dir)
            .and_then(|()| dir.canonicalize())
            .map(|dir| Self {
                program,
                dir,
                port,
                password: Password(secrets.redis()),
            })
            .map_err(Error::io(|| {
                format!("create {}", state.join("redis").display())
            }))
    }

    /// Writes its configuration file, which holds the password and so is readable by its owner only.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn configure(&self) -> Result<()> {
        let path = self.configuration_file();
        let text = self.configuration()?;
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(text.as_bytes())
        };
        write().map_err(Error::io(|| format!("write {}", path.display())))
    }

    /// The command line of the server, in the foreground. Call [`Redis::configure`] first.
    ///
    /// # Errors
    /// When the folder's name is not UTF-8.
    pub fn launch(&self) -> Result<Launch> {
        Ok(Launch {
            name: "redis",
            program: self.program.clone(),
            args: vec![process::text(&self.configuration_file())?.to_owned()],
            env: Vec::new(),
            cwd: Some(self.dir.clone()),
            run_as: None,
            background: false,
            port: self.port,
            stop_signal: StopSignal::Term,
            stop_deadline: Duration::from_secs(3),
        })
    }

    /// Ready means that PING is answered: while the server loads its file, it is not.
    ///
    /// # Errors
    /// As long as it is not.
    pub async fn ready(&self) -> Result<()> {
        let ping = async {
            let client = ::redis::Client::open(self.url())?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            ::redis::cmd("PING")
                .query_async::<String>(&mut connection)
                .await
        };
        match timeout(ANSWER_LIMIT, ping).await {
            Ok(answer) => answer.map(|_| ()).map_err(Error::from),
            Err(_) => Err(Error::Invalid(
                "Redis does not answer a PING within 2 s".into(),
            )),
        }
    }

    /// `redis://:password@127.0.0.1:port/`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}/", self.password.0, self.port)
    }

    fn configuration_file(&self) -> PathBuf {
        self.dir.join("redis.conf")
    }

    fn configuration(&self) -> Result<String> {
        // Redis reads quoted arguments with C escapes.
        let dir = process::text(&self.dir)?
            .replace('\\', "\\\\")
            .replace('"', "\\\"");
        let Self {
            port,
            password: Password(password),
            ..
        } = self;
        Ok(format!(
            "# Written at every start: changes are lost.\n\
             bind 127.0.0.1\n\
             port {port}\n\
             requirepass {password}\n\
             dir \"{dir}\"\n\
             daemonize no\n\
             # A write is on disk within a second; there are no snapshots beside that log.\n\
             appendonly yes\n\
             appendfsync everysec\n\
             save \"\"\n\
             # What is kept here (sessions, limits, deduplication) must not vanish silently.\n\
             maxmemory 32mb\n\
             maxmemory-policy noeviction\n\
             auto-aof-rewrite-min-size 16mb\n"
        ))
    }
}
