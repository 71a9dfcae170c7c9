//! The gateways as processes, and the service behind them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

use super::{
    outcome::Setting,
    workshop::{Workshop, configuration},
};
use crate::{Lab, observatory, shop};

const PROXY: &str = include_str!("../../../../../../loadtest/reference/proxy.conf");
const SERVICE: &str = include_str!("../../../../../../loadtest/reference/upstream.conf");

/// A limit that counts like every other and refuses nobody.
const PER_MINUTE: u32 = 100_000_000;
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contender {
    Faultline,
    Nginx,
    Express,
}

/// A process of ours. Ends when it is dropped.
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) log: PathBuf,
    child: Child,
}

impl Contender {
    /// In the order of each round.
    pub(super) const ALL: [Self; 3] = [Self::Faultline, Self::Nginx, Self::Express];

    /// In tables and reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Faultline => "faultline",
            Self::Nginx => "nginx",
            Self::Express => "express",
        }
    }

    pub(super) fn checks_tokens(self) -> bool {
        self != Self::Nginx
    }

    /// Starts it before the service at `service_port`.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(
        self,
        lab: &Lab,
        workshop: &Workshop,
        service_port: u16,
        setting: &Setting,
    ) -> anyhow::Result<Running> {
        let (folder, port) = (workshop.folder(self.name())?, parts::free_port()?);
        let command = match self {
            Self::Faultline => gateway(lab, port, service_port)?,
            Self::Nginx => {
                let ports = [("UPSTREAM_PORT", service_port), ("PORT", port)];
                nginx(workshop, &configuration(PROXY, &folder, &ports)?)
            }
            Self::Express => express(lab, workshop, port, service_port, setting),
        };
        Running::start(command, &folder, port)
    }
}

/// The service that is behind all of them, and always says the same.
///
/// # Errors
/// It cannot be started.
pub(super) fn service(workshop: &Workshop, answer: &[u8]) -> anyhow::Result<Running> {
    let (folder, port) = (workshop.folder("service")?, parts::free_port()?);
    fs::write(folder.join("answer.json"), answer)?;
    let command = nginx(
        workshop,
        &configuration(SERVICE, &folder, &[("PORT", port)])?,
    );
    Running::start(command, &folder, port)
}

fn nginx(workshop: &Workshop, configuration: &Path) -> Command {
    let mut command = Command::new(&workshop.nginx);
    // Until it has read its configuration it would write to the system's own log.
    command.args(["-e", "stderr", "-c"]).arg(configuration);
    command
}

/// As the lab runs it, with a service that is not the lab's, past the chaos proxy, and with a limit that nobody reaches.
fn gateway(lab: &Lab, port: u16, service_port: u16) -> anyhow::Result<Command> {
    let gateway = shop::service("gateway").context("the table has a gateway")?;
    let user = shop::service("user").context("the table has a user service")?;
    let local = |port: u16| format!("127.0.0.1:{port}");
    let telemetry = lab.otlp_endpoint.clone();
    let mut command = Command::new(lab.program(gateway));
    command
        .envs(shop::environment(lab, gateway))
        .env("SERVICE_HTTP_ADDR", local(port))
        .env("SERVICE_ADMIN_ADDR", local(parts::free_port()?))
        .env("REDIS_URL", lab.redis_url())
        .env("JWKS_URL", jwks(lab, user))
        .env(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            telemetry.unwrap_or_else(|| observatory::otlp_http_url(lab)),
        )
        .env("RATE_LIMIT_STANDARD_PER_MINUTE", PER_MINUTE.to_string())
        .env("LOG_LEVEL", "warn");
    for edge in gateway.edges() {
        let name = format!("EDGE_{}_URL", edge.to.to_uppercase());
        command.env(name, format!("http://{}", local(service_port)));
    }
    Ok(command)
}

fn express(
    lab: &Lab,
    workshop: &Workshop,
    port: u16,
    service_port: u16,
    setting: &Setting,
) -> Command {
    let user = shop::service("user").expect("the table has a user service");
    let mut command = Command::new(&workshop.node);
    command
        .arg("gateway.js")
        .current_dir(&workshop.express)
        .env("NODE_ENV", "production")
        .env("PORT", port.to_string())
        .env("UPSTREAM_URL", format!("http://127.0.0.1:{service_port}"))
        .env("JWKS_URL", jwks(lab, user))
        .env("JWT_ISSUER", chassis::auth::ISSUER)
        .env("JWT_AUDIENCE", chassis::auth::AUDIENCE)
        .env("RATE_LIMIT_PER_MINUTE", PER_MINUTE.to_string())
        .env("PROCESSES", setting.express_processes.to_string());
    command
}

fn jwks(lab: &Lab, user: &shop::Service) -> String {
    format!("{}/.well-known/jwks.json", lab.url(user))
}

impl Running {
    fn start(mut command: Command, folder: &Path, port: u16) -> anyhow::Result<Self> {
        let log = folder.join("log");
        let file = File::create(&log).with_context(|| format!("write {}", log.display()))?;
        let program = command.as_std().get_program().display().to_string();
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("start {program}"))?;
        let pid = child.id().context("it has just been started")?;
        Ok(Self {
            pid,
            port,
            log,
            child,
        })
    }

    /// Ends it, and waits until it has.
    pub(super) async fn stop(mut self) {
        self.terminate();
        // Whoever does not listen to SIGTERM is left to the end of this command.
        let _ = tokio::time::timeout(STOPPED_WITHIN, self.child.wait()).await;
    }

    /// SIGTERM, so that nginx and Node's cluster take their workers with them.
    fn terminate(&self) {
        // None once somebody has waited for it: then the number may be another's.
        if let Some(Ok(pid)) = self.child.id().map(i32::try_from) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.terminate();
    }
}
