//! The real binary of a service, for tests in which it has to die: started, told where to crash, seen to be dead.

use std::{
    net::{SocketAddr, TcpListener},
    os::unix::process::ExitStatusExt as _,
    process::Stdio,
    time::Duration,
};

use reqwest::Client;
use serde::Deserialize;
use tokio::process::{Child, Command};

use super::wait_for;

/// Generous, because two cores may be shared by many builds; passing tests never wait for it.
const LIMIT: Duration = Duration::from_secs(60);

/// A program with its environment and its addresses, which stay the same over restarts.
pub struct Binary {
    /// Address of the public API.
    pub http: SocketAddr,
    program: &'static str,
    env: Vec<(String, String)>,
    admin: SocketAddr,
    client: Client,
}

#[derive(Deserialize)]
struct CrashPoint {
    name: String,
}

impl Binary {
    /// `program` is `env!("CARGO_BIN_EXE_<service>")`. Addresses and crash points need not be in `env`.
    pub fn new(program: &'static str, env: Vec<(String, String)>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test is a client from outside, without edge policies"
        )]
        let client = Client::new();
        Self {
            http: free_addr(),
            program,
            env,
            admin: free_addr(),
            client,
        }
    }

    /// Starts it, with more environment if need be, and waits until it is ready. Dropping the child kills it.
    pub async fn start(&self, more: &[(&str, &str)]) -> Child {
        let child = Command::new(self.program)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("SERVICE_HTTP_ADDR", self.http.to_string())
            .env("SERVICE_ADMIN_ADDR", self.admin.to_string())
            .env("CRASH_POINTS_ENABLED", "true")
            .env("PROTECTION_SWITCHES_ENABLED", "true")
            .envs(more.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("cargo has built the binary");
        let ready = format!("http://{}/ready", self.admin);
        wait_for(LIMIT, async || {
            let answer = self.client.get(&ready).send().await;
            answer.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        child
    }

    /// Makes it die at the next hit of a crash point.
    pub async fn arm(&self, point: &str) {
        let url = format!("http://{}/crash-points/{point}", self.admin);
        let request = self.client.put(url).json(&serde_json::json!({ "hit": 1 }));
        let armed = request.send().await.expect("the admin port answers");
        assert_eq!(armed.status(), 204, "{point}");
    }

    /// The names of all its crash points, sorted.
    pub async fn crash_points(&self) -> Vec<String> {
        let url = format!("http://{}/crash-points", self.admin);
        let answer = self.client.get(url).send().await;
        let list: Vec<CrashPoint> = answer
            .expect("the admin port answers")
            .json()
            .await
            .expect("a list of crash points");
        list.into_iter().map(|point| point.name).collect()
    }
}

/// Waits until a process has been killed by SIGKILL, as a crash point does it. `what` is named when it was not.
pub async fn dies(mut child: Child, what: &str) {
    let status = tokio::time::timeout(LIMIT, child.wait())
        .await
        .unwrap_or_else(|_| panic!("{what}: it does not die"))
        .expect("a child can be waited for");
    assert_eq!(status.signal(), Some(9), "{what}: {status}");
}

/// An address on loopback that was free a moment ago.
pub fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound port has an address")
}
