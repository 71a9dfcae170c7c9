//! A Redis of one test: its keys are nobody else's, and it can be killed and started again.

use std::{env, fs, path::PathBuf};

use tokio::process::Child;
use uuid::Uuid;

use super::READY_LIMIT;
use crate::{Error, Result, Secrets, process, redis::Redis};

/// A Redis server with the lab's settings. Dropping it ends the server and removes its data.
#[derive(Debug)]
pub struct PrivateRedis {
    redis: Redis,
    folder: Folder,
    server: Option<Child>,
}

impl PrivateRedis {
    /// Starts a server on a free port and waits until it answers.
    ///
    /// # Errors
    /// When redis-server is not installed or does not become ready.
    pub async fn start() -> Result<Self> {
        let folder = Folder::create()?;
        let secrets = Secrets::load_or_create(&folder.0)?;
        let redis = Redis::locate(&folder.0, process::free_port()?, &secrets)?;
        redis.configure()?;
        let mut private = Self {
            redis,
            folder,
            server: None,
        };
        private.restart().await?;
        Ok(private)
    }

    /// `redis://` with its password. Stays the same when the server is started again.
    #[must_use]
    pub fn url(&self) -> String {
        self.redis.url()
    }

    /// Ends the server at once; nothing happens if it does not run.
    ///
    /// # Errors
    /// When the system refuses to end it.
    pub async fn kill(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        server.kill().await.map_err(Error::io(|| "kill redis"))
    }

    /// Starts the server after [`kill`](Self::kill), with the data that it had, and waits until it answers.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn restart(&mut self) -> Result<()> {
        let launch = self.redis.launch()?;
        let log = self.folder.0.join("redis.log");
        let mut server = process::start(&launch, &log)?;
        let ready = async || self.redis.ready().await;
        process::wait_until_ready(&launch, &mut server, &log, READY_LIMIT, ready).await?;
        self.server = Some(server);
        Ok(())
    }
}

/// A fresh folder that goes with its owner.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self> {
        let path = env::temp_dir().join(format!("faultline-redis-{}", Uuid::now_v7().simple()));
        fs::create_dir(&path).map_err(Error::io(|| format!("create {}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which clears its temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
