//! A Redis of one test, which can be killed.

use std::process::Stdio;

use chassis::testing::wait_for;
use parts::{Secrets, free_port, redis::Redis};
use tokio::process::{Child, Command};

use crate::support::LIMIT;

pub(crate) struct PrivateRedis {
    part: Redis,
    server: Option<Child>,
    _folder: tempfile::TempDir,
}

impl PrivateRedis {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::load_or_create(folder.path()).unwrap();
        let part = Redis::locate(folder.path(), free_port().unwrap(), &secrets).unwrap();
        part.configure().unwrap();
        let mut redis = Self {
            part,
            server: None,
            _folder: folder,
        };
        redis.restart().await;
        redis
    }

    pub(crate) fn url(&self) -> String {
        self.part.url()
    }

    pub(crate) async fn kill(&mut self) {
        self.server.take().unwrap().kill().await.unwrap();
    }

    pub(crate) async fn restart(&mut self) {
        let launch = self.part.launch().unwrap();
        let server = Command::new(&launch.program)
            .args(&launch.args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        self.server = Some(server.unwrap());
        wait_for(LIMIT, async || self.part.ready().await.is_ok()).await;
    }
}
