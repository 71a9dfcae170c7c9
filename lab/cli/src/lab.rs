//! One lab with everything resolved: its folders, ports, programs and secrets, and the addresses
//! that follow from them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use parts::{Secrets, postgres};
use reqwest::Url;
use supervisor::{Dirs, control, registry};

use crate::cli::Global;
use crate::home::Home;
use crate::ports::{BaseWish, Block, Ports, STANDARD_BASE};
use crate::shop::{SERVICES, Service};
use crate::{chaos_proxy, observatory};

/// A lab, running or not.
#[derive(Debug, Clone)]
pub struct Lab {
    /// Its folders.
    pub home: Home,
    /// Its ports.
    pub ports: Ports,
    /// Where the services' programs are.
    pub bin_dir: PathBuf,
    /// Its passwords and keys.
    pub secrets: Secrets,
    /// Where services send their telemetry, if not to the observatory.
    pub otlp_endpoint: Option<String>,
    /// Do PostgreSQL's edges go through the chaos proxy?
    pub postgres_edges: bool,
}

impl Lab {
    /// The lab that the options speak of. A lab that was started before keeps its ports, whatever
    /// the options say while it runs.
    ///
    /// # Errors
    /// When there is no repository and no `--home`, or the secrets cannot be read.
    pub fn of(global: &Global) -> anyhow::Result<Self> {
        let home = Home::find(global)?;
        let ports = ports_of(&home, global);
        Self::assemble(home, global, ports)
    }

    /// The lab that is about to be started, with its block of ports if one had to be found.
    ///
    /// # Errors
    /// As [`Lab::of`], and when no block of ports is free.
    pub fn to_start(global: &Global) -> anyhow::Result<(Self, Option<Block>)> {
        let home = Home::find(global)?;
        let remembered = home.memory().map(|memory| memory.base_port);
        let (ports, block) = match global.base_port {
            Some(BaseWish::Auto) => {
                let block = Block::find(remembered)?;
                (block.ports, Some(block))
            }
            Some(BaseWish::At(base)) => (Ports::at(base), None),
            None => (Ports::at(remembered.unwrap_or(STANDARD_BASE)), None),
        };
        Ok((Self::assemble(home, global, ports)?, block))
    }

    fn assemble(home: Home, global: &Global, ports: Ports) -> anyhow::Result<Self> {
        let bin_dir = home.bin_dir(global)?;
        let secrets = Secrets::load_or_create(&home.state)
            .with_context(|| format!("the secrets of the lab in {}", home.state.display()))?;
        Ok(Self {
            home,
            ports,
            bin_dir,
            secrets,
            otlp_endpoint: global.otlp_endpoint.clone(),
            postgres_edges: global.postgres_edges,
        })
    }

    #[cfg(test)]
    pub(crate) fn in_folder(state: &Path, base: u16) -> anyhow::Result<Self> {
        let global = Global {
            bin_dir: Some(state.join("bin")),
            ..Global::default()
        };
        let home = Home {
            state: state.to_owned(),
            repo: None,
        };
        Self::assemble(home, &global, Ports::at(base))
    }

    /// The program of a service.
    #[must_use]
    pub fn program(&self, service: &Service) -> PathBuf {
        self.bin_dir.join(service.name)
    }

    /// `http://127.0.0.1:PORT` of a service.
    #[must_use]
    pub fn url(&self, service: &Service) -> String {
        format!("http://127.0.0.1:{}", self.ports.service(service))
    }

    /// `http://127.0.0.1:PORT` of a service's admin side.
    #[must_use]
    pub fn admin_url(&self, service: &Service) -> String {
        format!("http://127.0.0.1:{}", self.ports.admin(service))
    }

    /// A database as `role` sees it, past the chaos proxy.
    #[must_use]
    pub fn database_url(&self, role: &str, database: &str) -> String {
        self.database_url_at(self.ports.postgres(), role, database)
    }

    /// A database as `role` sees it, at a port behind which PostgreSQL is.
    #[must_use]
    pub fn database_url_at(&self, port: u16, role: &str, database: &str) -> String {
        let password = self.secrets.postgres_role(role);
        format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}")
    }

    /// A database as `role` sees it through PostgreSQL's socket file, where there is one: a statement takes two thirds of
    /// its time at the port.
    #[must_use]
    pub fn database_url_by_socket(&self, role: &str, database: &str) -> String {
        let url = self.database_url(role, database);
        let sockets = postgres::place(&self.home.state)
            .ok()
            .and_then(|placement| placement.sockets());
        let by_socket = sockets
            .and_then(|folder| Url::parse_with_params(&url, [("host", folder.to_str()?)]).ok());
        by_socket.map_or(url, String::from)
    }

    /// Redis, with its password, past the chaos proxy.
    #[must_use]
    pub fn redis_url(&self) -> String {
        self.redis_url_at(self.ports.redis())
    }

    /// Redis at a port behind which it is.
    #[must_use]
    pub fn redis_url_at(&self, port: u16) -> String {
        format!("redis://:{}@127.0.0.1:{port}/", self.secrets.redis())
    }

    /// The broker, for `bootstrap.servers`.
    #[must_use]
    pub fn kafka(&self) -> String {
        format!("127.0.0.1:{}", self.ports.kafka())
    }

    /// The mail sink.
    #[must_use]
    pub fn smtp_url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.ports.smtp())
    }

    /// Prometheus.
    #[must_use]
    pub fn prometheus_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.prometheus())
    }

    /// Alertmanager.
    #[must_use]
    pub fn alertmanager_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.alertmanager())
    }

    /// Grafana, if it is installed.
    #[must_use]
    pub fn grafana_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.grafana())
    }

    /// The API key of the one partner program that the lab knows.
    #[must_use]
    pub fn partner_api_key(&self) -> String {
        format!("fl_{}", self.secrets.password("gateway/api-key/partner"))
    }
}

/// The ports of the lab that the options speak of: a running lab's own, whatever the options say.
#[must_use]
pub fn ports_of(home: &Home, global: &Global) -> Ports {
    let remembered = home.memory().map(|memory| memory.base_port);
    let base = match (global.base_port, remembered) {
        (_, Some(base)) if running(home).is_some() => base,
        (Some(BaseWish::At(base)), _) | (_, Some(base)) => base,
        _ => STANDARD_BASE,
    };
    Ports::at(base)
}

/// Everything of this repository that a lab runs beside the command itself.
pub fn programs() -> impl Iterator<Item = &'static str> {
    let services = SERVICES.iter().map(|service| service.name);
    services.chain([observatory::NAME, chaos_proxy::NAME])
}

/// The programs that are not in `bin_dir`.
#[must_use]
pub fn missing_programs(bin_dir: &Path) -> Vec<&'static str> {
    programs()
        .filter(|name| !bin_dir.join(name).is_file())
        .collect()
}

/// The folders of the state, if it exists.
#[must_use]
pub fn dirs(home: &Home) -> Option<Dirs> {
    Dirs::existing(&home.state).ok()
}

/// The supervisor that runs this lab now.
#[must_use]
pub fn running(home: &Home) -> Option<registry::Record> {
    registry::owner(&dirs(home)?)
}

/// How to talk to the running lab.
///
/// # Errors
/// When none is running.
pub fn client(home: &Home) -> anyhow::Result<control::Client> {
    let not_running = || {
        format!(
            "no lab is running in {}: start it with `faultline up`",
            home.state.display()
        )
    };
    let dirs = dirs(home).with_context(not_running)?;
    registry::owner(&dirs).with_context(not_running)?;
    control::Client::of(&dirs).context("the lab has just begun to start; try again in a second")
}
