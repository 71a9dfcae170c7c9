//! The start, stage by stage: ports, data, parts, databases, services, proof. Each stage is a step
//! on the supervisor's board, so that whoever waits sees where it is.

use std::time::Duration;

use anyhow::{Context, bail};
use parts::broker::Broker;
use parts::postgres::{AUDITOR, Cluster, Settings};
use parts::redis::Redis;
use parts::{Launch, mail};
use supervisor::{Board, ProcessSpec, Readiness, RunAs, StopSignal, Supervisor};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::lab::missing_programs;
use crate::shop::{SERVICES, Service};
use crate::watch::Watch;
use crate::{Lab, chaos_proxy, observatory, prove, sampling, shop};

/// PostgreSQL after a kill replays its log before it answers; everything else is faster.
const PART_READY_LIMIT: Duration = Duration::from_secs(60);
const SERVICE_READY_LIMIT: Duration = Duration::from_secs(30);
/// A little longer than the 3 s in which a service ends by its own deadline.
const SERVICE_STOP_DEADLINE: Duration = Duration::from_secs(4);

/// The three parts that are processes.
struct Parts {
    cluster: Cluster,
    redis: Redis,
    broker: Broker,
}

/// What runs inside the supervisor's own process.
#[derive(Debug)]
pub struct Hosted {
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Hosted {
    /// Nothing yet; [`boot`] adds to it.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// Adds a task that ends when the token given to it is cancelled.
    pub(crate) fn run<T>(&self, task: impl FnOnce(CancellationToken) -> T)
    where
        T: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(task(self.shutdown.clone()));
    }

    /// Ends it and waits until it has.
    pub async fn stop(&self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Default for Hosted {
    fn default() -> Self {
        Self::new()
    }
}

/// Starts everything. On an error whatever has started keeps running: the caller stops it.
///
/// # Errors
/// With the stage's own words: a port's holder, a missing program, a service's last log lines.
pub async fn boot(lab: &Lab, supervisor: &Supervisor, hosted: &Hosted) -> anyhow::Result<()> {
    let board = &supervisor.board;
    check_machine(lab, board)?;
    let watch = Watch::prepare(lab)?;
    let parts = prepare_data(lab, board).await?;
    start_parts(lab, supervisor, hosted, &parts).await?;
    make_databases(lab, board, &parts.cluster).await?;
    chaos_proxy::start(lab, supervisor).await?;
    sampling::prepare(lab)?;
    observatory::start(lab, supervisor).await?;
    start_services(lab, supervisor).await?;
    watch.start(lab, supervisor, hosted).await
}

/// Lets the first customer in.
///
/// # Errors
/// With what did not work although every service says that it is ready.
pub async fn prove(lab: &Lab, board: &Board) -> anyhow::Result<()> {
    let step = board.step("proof");
    step.detail("a first customer");
    prove::prove_ready(lab)
        .await
        .context("everything runs, but the shop does not work")?;
    step.done("a first order went through the gateway");
    Ok(())
}

fn check_machine(lab: &Lab, board: &Board) -> anyhow::Result<()> {
    let step = board.step("ports");
    let missing = missing_programs(&lab.bin_dir);
    if !missing.is_empty() {
        bail!(
            "these programs are not built in {}: {}. Build them with `faultline setup`, or name \
             another folder with --bin-dir DIR",
            lab.bin_dir.display(),
            missing.join(", ")
        );
    }
    let taken = lab.ports.taken();
    if !taken.is_empty() {
        let lines: Vec<String> = taken
            .iter()
            .map(|(port, holder)| format!("  {} for {}: {holder}", port.port, port.name))
            .collect();
        bail!(
            "ports that the lab needs are in use:\n{}\nStop what holds them, or move the whole lab \
             with --base-port N (or `--base-port auto`)",
            lines.join("\n")
        );
    }
    step.done(format!(
        "{} free, from base {}",
        lab.ports.needed().len(),
        lab.ports.base()
    ));
    Ok(())
}

async fn prepare_data(lab: &Lab, board: &Board) -> anyhow::Result<Parts> {
    let step = board.step("data");
    step.detail("looking for PostgreSQL, Redis and the broker");
    let (state, ports, secrets) = (&lab.home.state, lab.ports, &lab.secrets);
    let cluster = Cluster::locate(state, ports.postgres(), Settings::default(), secrets)?;
    let redis = Redis::locate(state, ports.redis(), secrets)?;
    let broker = Broker::locate(state, ports.kafka())?;
    redis.configure()?;
    step.detail("making a PostgreSQL cluster if there is none");
    let initialise = cluster.clone();
    let made = tokio::task::spawn_blocking(move || initialise.initialise()).await??;
    let placement = cluster.placement();
    let place = placement
        .relocated
        .clone()
        .unwrap_or_else(|| state.display().to_string());
    step.done(if made {
        format!("made in {place}")
    } else {
        format!("kept in {place}")
    });
    Ok(Parts {
        cluster,
        redis,
        broker,
    })
}

async fn start_parts(
    lab: &Lab,
    supervisor: &Supervisor,
    hosted: &Hosted,
    parts: &Parts,
) -> anyhow::Result<()> {
    let step = supervisor.board.step("parts");
    let smtp = ("127.0.0.1", lab.ports.smtp());
    let listener = TcpListener::bind(smtp)
        .await
        .context("open the mail sink's port")?;
    hosted.run(|shutdown| mail::serve(listener, lab.home.mail(), shutdown));
    let (cluster, redis, broker) = (
        parts.cluster.clone(),
        parts.redis.clone(),
        parts.broker.clone(),
    );
    let specs = vec![
        part(
            cluster.launch()?,
            Readiness::check(move || {
                let it = cluster.clone();
                async move { it.ready().await }
            }),
        ),
        part(
            redis.launch()?,
            Readiness::check(move || {
                let it = redis.clone();
                async move { it.ready().await }
            }),
        ),
        part(
            broker.launch()?,
            Readiness::check(move || {
                let it = broker.clone();
                async move { it.ready().await }
            }),
        ),
    ];
    let mut ready = vec!["mail sink".to_owned()];
    let started = supervisor.start_stage(specs, |name, _| {
        ready.push(name.to_owned());
        step.detail(format!("ready: {}", ready.join(", ")));
    });
    started.await?;
    step.done(format!(
        "PostgreSQL {}, Redis, broker, mail sink",
        parts.cluster.installation().version
    ));
    Ok(())
}

/// A part as the supervisor runs it.
pub(crate) fn part(launch: Launch, ready: Readiness) -> ProcessSpec {
    ProcessSpec {
        name: launch.name.to_owned(),
        program: launch.program,
        args: launch.args,
        env: launch.env,
        cwd: launch.cwd,
        run_as: launch.run_as.map(|user| RunAs {
            uid: user.uid,
            gid: user.gid,
        }),
        background: launch.background,
        port: launch.port,
        admin_port: None,
        stop_signal: match launch.stop_signal {
            parts::StopSignal::Term => StopSignal::Term,
            parts::StopSignal::Int => StopSignal::Int,
        },
        stop_deadline: launch.stop_deadline,
        ready,
        ready_limit: PART_READY_LIMIT,
    }
}

async fn make_databases(lab: &Lab, board: &Board, cluster: &Cluster) -> anyhow::Result<()> {
    let step = board.step("databases");
    let mut admin = cluster.admin().await?;
    admin.prepare(&lab.secrets.postgres_role(AUDITOR)).await?;
    let owners: Vec<&Service> = SERVICES
        .iter()
        .filter(|service| service.has_database())
        .collect();
    for (done, service) in owners.iter().enumerate() {
        step.detail(format!("{done} of {}: {}", owners.len(), service.name));
        let password = lab.secrets.postgres_role(service.name);
        admin
            .ensure_database(service.name, service.name, &password)
            .await?;
    }
    step.done(format!("{}, each with a role of its own", owners.len()));
    Ok(())
}

async fn start_services(lab: &Lab, supervisor: &Supervisor) -> anyhow::Result<()> {
    let step = supervisor.board.step("services");
    let specs = SERVICES
        .iter()
        .map(|service| service_spec(lab, service))
        .collect();
    let mut waiting: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
    step.detail(format!("0 of {} ready", SERVICES.len()));
    let started = supervisor.start_stage(specs, |name, _| {
        waiting.retain(|other| *other != name);
        let ready = SERVICES.len() - waiting.len();
        let rest = waiting.join(", ");
        step.detail(format!(
            "{ready} of {} ready, waiting for {rest}",
            SERVICES.len()
        ));
    });
    started.await?;
    step.done(format!("{} ready", SERVICES.len()));
    Ok(())
}

fn service_spec(lab: &Lab, service: &Service) -> ProcessSpec {
    ProcessSpec {
        name: service.name.to_owned(),
        program: lab.program(service),
        args: Vec::new(),
        env: shop::environment(lab, service),
        cwd: None,
        run_as: None,
        background: false,
        port: lab.ports.service(service),
        admin_port: Some(lab.ports.admin(service)),
        stop_signal: StopSignal::Term,
        stop_deadline: SERVICE_STOP_DEADLINE,
        ready: Readiness::Http(format!("{}/ready", lab.admin_url(service))),
        ready_limit: SERVICE_READY_LIMIT,
    }
}
