//! All parts for the length of one command, on ports that the system chose: what `make test` runs on.
//!
//! The same programs with the same settings as the lab's, on empty data. If the process that started them dies
//! without stopping them, the next start in the same folder ends what it left.

mod private_redis;
mod slot;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{net::TcpListener, process::Child, task::JoinHandle, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Error, Launch, Result, Secrets, StopSignal,
    broker::Broker,
    free_port, mail, pidfile,
    postgres::{Cluster, Settings},
    process,
    redis::Redis,
};
pub use private_redis::PrivateRedis;
use slot::Slot;

/// First start of PostgreSQL on a slow disk included.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// Several test binaries run at once, each with pools of its own.
const TEST_CONNECTIONS_MAX: u16 = 300;
/// A port that was free a moment ago may be taken: that many fresh choices.
const ATTEMPTS: u32 = 3;

/// PostgreSQL, Redis, the broker and the mail sink, running and ready.
#[derive(Debug)]
pub struct TestParts {
    environment: Vec<(String, String)>,
    running: Vec<Running>,
    mail: JoinHandle<std::io::Result<()>>,
    shutdown: CancellationToken,
    slot: Slot,
}

#[derive(Debug)]
struct Running {
    launch: Launch,
    child: Child,
}

impl TestParts {
    /// Starts all parts below `dir` and waits until each is ready. Runs side by side take folders of their own.
    ///
    /// # Errors
    /// When a program is missing or does not become ready.
    pub async fn start(dir: &Path) -> Result<Self> {
        let slot = Slot::take(dir)?;
        let secrets = Secrets::load_or_create(slot.state())?;
        let cluster = |port| {
            let settings = Settings {
                max_connections: TEST_CONNECTIONS_MAX,
            };
            Cluster::locate(slot.state(), port, settings, &secrets)
        };
        cluster(0)?.initialise()?;

        let postgres = up(&slot, cluster, Cluster::launch, Cluster::ready);
        let redis = |port| {
            let redis = Redis::locate(slot.state(), port, &secrets)?;
            redis.configure().map(|()| redis)
        };
        let redis = up(&slot, redis, Redis::launch, Redis::ready);
        let broker = up(
            &slot,
            |port| Broker::locate(slot.state(), port),
            Broker::launch,
            Broker::ready,
        );
        let ((cluster, postgres), (redis, redis_runs), (broker, broker_runs)) =
            tokio::try_join!(postgres, redis, broker)?;

        let shutdown = CancellationToken::new();
        let mail_dir = slot.state().join("mail");
        let (smtp, mail) = serve_mail(mail_dir.clone(), shutdown.clone()).await?;
        let environment = [
            ("TEST_DATABASE_URL", cluster.superuser_url()),
            ("TEST_REDIS_URL", redis.url()),
            ("TEST_KAFKA_BROKERS", broker.bootstrap()),
            ("TEST_SMTP_ADDR", smtp),
            ("TEST_MAIL_DIR", process::text(&mail_dir)?.to_owned()),
        ];
        Ok(Self {
            environment: environment
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            running: vec![postgres, redis_runs, broker_runs],
            mail,
            shutdown,
            slot,
        })
    }

    /// Variables that tell tests where the parts are: `TEST_DATABASE_URL` (the superuser's), `TEST_REDIS_URL`,
    /// `TEST_KAFKA_BROKERS`, `TEST_SMTP_ADDR` and `TEST_MAIL_DIR`.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Each process' name and number.
    #[must_use]
    pub fn pids(&self) -> Vec<(&'static str, u32)> {
        self.running
            .iter()
            .filter_map(|one| Some((one.launch.name, one.child.id()?)))
            .collect()
    }

    /// Stops everything and removes its data.
    ///
    /// # Errors
    /// When something cannot be stopped or removed.
    pub async fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        // The sink ends by itself now; how it ended is of no consequence any more.
        let _ = self.mail.await;
        for one in &self.running {
            one.signal(quickest(&one.launch));
        }
        for one in &mut self.running {
            one.ended().await?;
        }
        self.slot.release()
    }
}

impl Running {
    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            // It may have ended by itself already.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    async fn ended(&mut self) -> Result<()> {
        let stopping = || format!("stop {}", self.launch.name);
        if let Ok(ended) = timeout(self.launch.stop_deadline, self.child.wait()).await {
            return ended.map(|_| ()).map_err(Error::io(stopping));
        }
        self.child.kill().await.map_err(Error::io(stopping))
    }
}

/// The signal that ends a part at once. Nothing needs to be flushed: the data is thrown away. PostgreSQL must be
/// asked, so that it takes its children with it; hundreds of test databases would make an orderly stop long.
fn quickest(launch: &Launch) -> Signal {
    match launch.stop_signal {
        StopSignal::Int => Signal::SIGQUIT,
        StopSignal::Term => Signal::SIGKILL,
    }
}

/// Starts one part on a port that the system chose and waits until it is ready.
async fn up<P>(
    slot: &Slot,
    locate: impl Fn(u16) -> Result<P>,
    launch: impl Fn(&P) -> Result<Launch>,
    ready: impl AsyncFn(&P) -> Result<()>,
) -> Result<(P, Running)> {
    let mut attempt = 1;
    loop {
        let part = locate(free_port()?)?;
        let launch = launch(&part)?;
        let log = slot.log(launch.name);
        let mut child = process::start(&launch, &log)?;
        if let Some(pid) = child.id() {
            pidfile::record(slot.run(), launch.name, pid, quickest(&launch))?;
        }
        let waited =
            process::wait_until_ready(&launch, &mut child, &log, READY_LIMIT, async || {
                ready(&part).await
            });
        match waited.await {
            Ok(()) => return Ok((part, Running { launch, child })),
            Err(error) => {
                let ended_by_itself = child.try_wait().is_ok_and(|status| status.is_some());
                if !ended_by_itself || attempt == ATTEMPTS {
                    return Err(error);
                }
                attempt += 1;
            }
        }
    }
}

async fn serve_mail(
    dir: PathBuf,
    shutdown: CancellationToken,
) -> Result<(String, JoinHandle<std::io::Result<()>>)> {
    fs::create_dir_all(&dir).map_err(Error::io(|| format!("create {}", dir.display())))?;
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.map_err(Error::io(|| "listen for mail on 127.0.0.1"))?;
    let address = listener
        .local_addr()
        .map_err(Error::io(|| "listen for mail on 127.0.0.1"))?;
    let served = TaskTracker::new().spawn(mail::serve(listener, dir, shutdown));
    Ok((address.to_string(), served))
}
