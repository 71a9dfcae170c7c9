//! The chaos proxy as a process of the lab: every edge goes through it. When it dies, the supervisor starts it again and it
//! makes its edges anew from the file that it was given, without any fault.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method};
use serde_json::Value;
use supervisor::{ProcessSpec, Readiness, StopSignal, Supervisor};

use crate::{Lab, edges};

/// Its name: also its program and its log.
pub const NAME: &str = "chaos-proxy";

const READY_LIMIT: Duration = Duration::from_secs(15);
/// A little longer than the second in which it drains.
const STOP_DEADLINE: Duration = Duration::from_secs(2);
/// A fault that names no lease: longer than any drill, and gone before somebody wonders what is wrong with the shop.
const LEASE_DEFAULT_MS: u64 = 600_000;
/// It answers in milliseconds or not at all.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Starts it and waits until it answers.
///
/// # Errors
/// When its edges cannot be written down, or it does not become ready, with the last lines of its log.
pub async fn start(lab: &Lab, supervisor: &Supervisor) -> anyhow::Result<()> {
    let step = supervisor.board.step("edges");
    let edges = edges::populate(lab);
    let path = edges_file(lab);
    fs::write(&path, edges.to_string()).with_context(|| format!("write {}", path.display()))?;
    supervisor.start_stage(vec![spec(lab)], |_, _| {}).await?;
    step.done(format!(
        "{} through the chaos proxy, control API on port {}",
        edges.as_array().map_or(0, Vec::len),
        lab.ports.chaos()
    ));
    Ok(())
}

/// Its control API.
#[must_use]
pub fn control_url(lab: &Lab) -> String {
    format!("http://127.0.0.1:{}", lab.ports.chaos())
}

fn edges_file(lab: &Lab) -> PathBuf {
    lab.home.state.join("run").join("edges.json")
}

fn spec(lab: &Lab) -> ProcessSpec {
    let env = [
        (
            "CHAOS_PROXY_ADDR",
            format!("127.0.0.1:{}", lab.ports.chaos()),
        ),
        ("CHAOS_PROXY_EDGES", edges_file(lab).display().to_string()),
        ("CHAOS_PROXY_LEASE_DEFAULT_MS", LEASE_DEFAULT_MS.to_string()),
        ("MALLOC_ARENA_MAX", "1".to_owned()),
    ];
    ProcessSpec {
        name: NAME.to_owned(),
        program: lab.bin_dir.join(NAME),
        args: Vec::new(),
        env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        cwd: None,
        run_as: None,
        port: lab.ports.chaos(),
        admin_port: Some(lab.ports.chaos()),
        stop_signal: StopSignal::Term,
        stop_deadline: STOP_DEADLINE,
        ready: Readiness::Http(format!("{}/ready", control_url(lab))),
        ready_limit: READY_LIMIT,
        // Every request of the shop passes through it.
        background: false,
    }
}

/// Its control API from outside.
#[derive(Debug)]
pub struct Control {
    http: Client,
    base: String,
}

impl Control {
    /// That of a lab.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn of(lab: &Lab) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the lab acts from outside; the policies of the services' edges are not its own"
        )]
        let http = Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?;
        Ok(Self {
            http,
            base: control_url(lab),
        })
    }

    /// One request; `path` is made of segments that may hold any character.
    ///
    /// # Errors
    /// When it does not answer, or with its words about the request.
    pub async fn ask(
        &self,
        method: Method,
        path: &[&str],
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let mut url = reqwest::Url::parse(&self.base)?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let silent = || format!("the chaos proxy does not answer at {}", self.base);
        let answer = request.send().await.with_context(silent)?;
        let (status, text) = (answer.status(), answer.text().await.with_context(silent)?);
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        if !status.is_success() {
            bail!(
                "the chaos proxy says: {}",
                value["error"].as_str().unwrap_or(&text)
            );
        }
        Ok(value)
    }
}
