//! The life of a service: configure, build, bind, serve, drain, exit.
//!
//! `main` calls [`main`]; tests call [`start`], which binds port 0 and returns the addresses. The order of a shutdown:
//! readiness off, stop accepting, drain requests and stop background tasks, the relay's last round, exit; a deadline or a
//! second signal cuts it short.

mod admin;
mod health;
mod tasks;

use std::{
    future::Future,
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use axum::Router;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use self::{health::Health, tasks::Tasks};
use crate::{
    client::EdgeBook,
    config::{Env, ServiceConfig},
    http,
    metrics::Metrics,
    telemetry::Telemetry,
};

/// What the chassis gives a service to build itself with.
#[derive(Clone)]
pub struct Context {
    /// Common configuration.
    pub config: Arc<ServiceConfig>,
    /// The environment, for the service's own configuration.
    pub env: Env,
    /// Where metrics are recorded.
    pub metrics: Metrics,
    /// Where dependencies are registered that readiness should look at.
    pub health: Health,
    /// Where background work is spawned.
    pub tasks: Tasks,
    /// Where the clients of edges enter themselves, for the admin port.
    pub edges: EdgeBook,
    public: Arc<AtomicBool>,
}

impl Context {
    /// Says that this service stands at the public door: its callers are strangers, whose baggage is dropped.
    pub fn serve_the_public(&self) {
        self.public.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_public(&self) -> bool {
        self.public.load(Ordering::Relaxed)
    }
}

/// A service that accepts requests.
pub struct Running {
    /// Bound address of the public API.
    pub http_addr: SocketAddr,
    /// Bound address of the admin port.
    pub admin_addr: SocketAddr,
    context: Context,
    stop_accepting: CancellationToken,
}

/// Runs a service until a signal arrives: the body of every `main`.
pub fn main<B, F>(name: &'static str, build: B) -> ExitCode
where
    B: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<Router>>,
{
    // One thread a service: eight of them share a machine's cores, and a second thread in each would have to be woken for
    // the same cores. More of a service is more instances of it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let code = runtime.block_on(run(name, build));
    // Blocking work that outlived the deadline must not hold the exit up.
    runtime.shutdown_background();
    code
}

async fn run<B, F>(name: &'static str, build: B) -> ExitCode
where
    B: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<Router>>,
{
    let env = Env::from_process();
    let telemetry = match Telemetry::install(name, &env) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            complain(&error);
            return refusal(&error);
        }
    };
    let code = match start_with(name, env, Some(&telemetry), build).await {
        Ok(running) => running.until_signal().await,
        Err(error) => {
            error!(error = format!("{error:#}"), "refusing to start");
            refusal(&error)
        }
    };
    telemetry.shutdown().await;
    code
}

#[expect(clippy::print_stderr, reason = "there is no log to write to yet")]
fn complain(error: &anyhow::Error) {
    eprintln!("{error:#}");
}

/// 78 is `EX_CONFIG` of sysexits.h: restarting will not help.
fn refusal(error: &anyhow::Error) -> ExitCode {
    ExitCode::from(if error.is::<crate::config::ConfigError>() {
        78
    } else {
        1
    })
}

/// Starts a service in this process.
///
/// # Errors
/// Configuration that makes no sense, a dependency that cannot be prepared, a port that is taken.
pub async fn start<B, F>(name: &'static str, env: Env, build: B) -> anyhow::Result<Running>
where
    B: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<Router>>,
{
    start_with(name, env, None, build).await
}

async fn start_with<B, F>(
    name: &'static str,
    env: Env,
    telemetry: Option<&Telemetry>,
    build: B,
) -> anyhow::Result<Running>
where
    B: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<Router>>,
{
    let config = Arc::new(ServiceConfig::from_env(name, &env)?);
    crate::crash::configure(&env)?;
    crate::protection::configure(&env)?;
    let context = Context {
        metrics: Metrics::new(name),
        health: Health::default(),
        tasks: Tasks::default(),
        edges: EdgeBook::default(),
        public: Arc::default(),
        config,
        env,
    };
    if let Some(telemetry) = telemetry {
        let metrics = context.metrics.clone();
        telemetry.observe_statements(Box::new(move |summary, took| {
            metrics.db_operation(summary, took);
        }));
    }
    // The admin port answers while the service still connects, so that "starting" can be told from "dead".
    let level = telemetry.map(|telemetry| telemetry.level.clone());
    let admin_addr = admin::serve(&context, level).await?;
    let router = build(context.clone()).await?;
    let listener = bind(context.config.http_addr).await?;
    let http_addr = listener.local_addr()?;
    let stop_accepting = CancellationToken::new();
    let served = http::wrap(router, &context);
    let stop = stop_accepting.clone();
    context.tasks.spawn("http server", async move {
        axum::serve(
            listener,
            served.into_make_service_with_connect_info::<SocketAddr>(),
        )
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
        .context("http server")
    });
    context.health.set_started();
    info!(%http_addr, %admin_addr, "serving");
    Ok(Running {
        http_addr,
        admin_addr,
        context,
        stop_accepting,
    })
}

pub(crate) async fn bind(addr: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}"))
}

impl Running {
    /// Metrics, tasks and health of the running service.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Base URL of the public API.
    pub fn url(&self) -> String {
        format!("http://{}", self.http_addr)
    }

    /// Base URL of the admin port.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin_addr)
    }

    /// Drains and stops; gives up at the deadline. Returns whether everything ended in time and well.
    pub async fn stop(self) -> bool {
        self.context.health.set_draining();
        self.stop_accepting.cancel();
        self.context
            .tasks
            .stop(self.context.config.shutdown_deadline)
            .await
    }

    async fn until_signal(self) -> ExitCode {
        let (mut terminate, mut interrupt) = match (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
        ) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            (Err(error), _) | (_, Err(error)) => {
                error!(%error, "signals cannot be caught");
                return ExitCode::FAILURE;
            }
        };
        let failed = self.context.tasks.failed();
        let crashed = tokio::select! {
            _ = terminate.recv() => false,
            _ = interrupt.recv() => false,
            () = failed.cancelled() => true,
        };
        info!(crashed, "draining");
        let clean = tokio::select! {
            clean = self.stop() => clean,
            _ = terminate.recv() => false,
            _ = interrupt.recv() => false,
        };
        if !clean {
            warn!("stopped before everything had drained");
        }
        if crashed || !clean {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}
