//! `faultline up`: starts the lab and stays with it, or leaves it in the background.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use supervisor::{Error, Itself, Phase, Supervisor, control};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::boot::{self, Hosted};
use crate::cli::Global;
use crate::daemon::{Background, LOG_NAME, Started};
use crate::home::{Home, Memory};
use crate::progress::BootView;
use crate::term::{self, Paint};
use crate::{Lab, Verdict, daemon, lab, shop};

/// What `--help` says.
pub const HELP: &str = "Start the lab: its own PostgreSQL, Redis, Kafka-API broker and mail sink, \
    the observatory, then the eight services, then Prometheus and Alertmanager, which watch them, and Grafana if it is installed.\n\nKills what a dead lab left in the same state folder, checks every \
    port, starts stage by stage, and calls itself ready only when the shop works through its \
    gateway: a first order must go through. Without --detach it stays; Ctrl-C stops everything in order, a second Ctrl-C at once.";

/// Options of `up`.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Leave the lab in the background and return when it is ready
    #[arg(short, long)]
    pub detach: bool,
    /// Be ready when every service says so, without a first order to prove it
    #[arg(long)]
    pub no_proof: bool,
    /// What the lab in the background is started with
    #[arg(long = "in-background", hide = true)]
    pub in_background: bool,
}

impl Args {
    /// What `up --detach` is.
    #[must_use]
    pub fn detached() -> Self {
        Self {
            detach: true,
            ..Self::default()
        }
    }
}

/// Starts it.
///
/// # Errors
/// When there is nothing to start from: no repository, no readable secrets.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    if let Some(owner) = lab::running(&home) {
        say_already_up(&home, owner.pid);
        return Ok(Verdict::Yes);
    }
    if args.detach {
        return in_background(&home, global, args.no_proof).await;
    }
    if args.in_background {
        nix::unistd::setsid().context("leave the terminal's session")?;
    }
    stay(global, args.no_proof).await
}

fn say_already_up(home: &Home, pid: i32) {
    let place = home.state.display();
    term::note(format!(
        "The lab in {place} is already up (process {pid}). `faultline status` shows it, \
         `faultline down` stops it."
    ));
}

async fn in_background(home: &Home, global: &Global, no_proof: bool) -> anyhow::Result<Verdict> {
    let since = Instant::now();
    let mut background = Background::start(home, global, no_proof)?;
    let mut view = BootView::default();
    let started = tokio::select! {
        started = background.wait(&mut view) => started?,
        _ = tokio::signal::ctrl_c() => {
            background.stop().await?;
            Started::Failed("interrupted; the lab has been stopped again".into())
        }
    };
    view.finish();
    match started {
        Started::Ready => {
            say_ready(&Lab::of(global)?, since);
            Ok(Verdict::Yes)
        }
        Started::Failed(why) => {
            say_failed(&why);
            Ok(Verdict::No)
        }
    }
}

async fn stay(global: &Global, no_proof: bool) -> anyhow::Result<Verdict> {
    let since = Instant::now();
    log_to_stderr();
    let (lab, _block) = Lab::to_start(global)?;
    let supervisor = match open(&lab) {
        // Two `up` at once: one of them is first.
        Err(Error::AlreadyRunning { pid, .. }) => {
            say_already_up(&lab.home, pid);
            return Ok(Verdict::Yes);
        }
        other => Arc::new(other?),
    };
    lab.home.remember(&Memory {
        base_port: lab.ports.base(),
    })?;
    let (stop, closed) = (CancellationToken::new(), CancellationToken::new());
    let tasks = TaskTracker::new();
    let listener = control::bind(supervisor.dirs())?;
    tasks.spawn(control::serve(
        listener,
        Arc::clone(&supervisor),
        stop.clone(),
        closed.clone(),
    ));

    let hosted = Hosted::new();
    let mut signals = Signals::listen()?;
    let booted = tokio::select! {
        booted = boot_shown(&lab, &supervisor, &hosted, no_proof) => booted,
        () = signals.next() => Err(anyhow::anyhow!("interrupted")),
        () = stop.cancelled() => Err(anyhow::anyhow!("told to stop")),
    };
    let verdict = match booted {
        Ok(()) => {
            say_ready(&lab, since);
            tokio::select! { () = signals.next() => {} () = stop.cancelled() => {} }
            Verdict::Yes
        }
        Err(error) => {
            let why = in_full(&error);
            say_failed(&why);
            daemon::leave_reason(supervisor.dirs(), &why)?;
            supervisor.board.fail(why);
            Verdict::No
        }
    };
    stop_everything(&supervisor, &hosted, &mut signals).await;
    closed.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(verdict)
}

/// What the supervisor does and sees; of everybody else only what is worth a warning.
fn log_to_stderr() {
    let ours = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_targets([
            ("supervisor", LevelFilter::INFO),
            ("faultline", LevelFilter::INFO),
        ]);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(Paint::stderr().is_on())
        .with_target(false)
        .compact();
    tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .init();
}

fn open(lab: &Lab) -> Result<Supervisor, Error> {
    let itself = Itself {
        name: LOG_NAME.to_owned(),
        port: lab.ports.smtp(),
    };
    let supervisor = Supervisor::open(&lab.home.state, itself)?;
    for leftover in supervisor.swept() {
        term::note(format!(
            "killed a leftover: {} (process {})",
            leftover.name, leftover.pid
        ));
    }
    Ok(supervisor)
}

async fn boot_shown(
    lab: &Lab,
    supervisor: &Supervisor,
    hosted: &Hosted,
    no_proof: bool,
) -> anyhow::Result<()> {
    let mut view = BootView::default();
    let mut changes = supervisor.board.subscribe();
    let booting = async {
        boot::boot(lab, supervisor, hosted).await?;
        if !no_proof {
            boot::prove(lab, &supervisor.board).await?;
        }
        supervisor.board.set_phase(Phase::Ready);
        Ok(())
    };
    tokio::pin!(booting);
    let booted = loop {
        tokio::select! {
            booted = &mut booting => break booted,
            _ = changes.changed() => view.show(&supervisor.board.now()),
        }
    };
    view.show(&supervisor.board.now());
    view.finish();
    booted
}

async fn stop_everything(supervisor: &Supervisor, hosted: &Hosted, signals: &mut Signals) {
    let stopping = async {
        supervisor
            .stop_all(|name| tracing::info!(process = name, "stopped"))
            .await;
        hosted.stop().await;
    };
    tokio::pin!(stopping);
    tokio::select! {
        () = &mut stopping => return,
        () = signals.next() => term::note("at once, then"),
    }
    supervisor.hurry();
    stopping.await;
}

/// What asks the lab to stop.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {} _ = self.terminate.recv() => {} }
    }
}

/// The error with what the process that caused it last said.
fn in_full(error: &anyhow::Error) -> String {
    let text = term::causes(error);
    match error.downcast_ref::<Error>() {
        Some(Error::NotReady {
            log, last_lines, ..
        }) if !last_lines.is_empty() => {
            format!(
                "{text}\nThe end of {}:\n  {}",
                log.display(),
                last_lines.join("\n  ")
            )
        }
        Some(Error::NotReady { log, .. }) => format!("{text}\nIts log is {}", log.display()),
        _ => text,
    }
}

fn say_failed(why: &str) {
    let paint = Paint::stderr();
    term::note(format!("{} the lab is not up: {why}", paint.red("error:")));
    term::note(paint.dim("`faultline doctor` looks for what is missing or in the way."));
}

fn say_ready(lab: &Lab, since: Instant) {
    let paint = Paint::stderr();
    let took = since.elapsed().as_secs_f64();
    term::note(paint.bold(format!("The shop is open after {took:.1} s.")));
    if let Some(gateway) = shop::service("gateway") {
        term::note(format!("  gateway   {}/api/v1/products", lab.url(gateway)));
        term::note(format!("  health    {}/ready", lab.admin_url(gateway)));
    }
    term::note(format!(
        "  logs      {}",
        lab.home.state.join("logs").display()
    ));
    term::note("  more      faultline status, faultline logs order -f, faultline down");
}
