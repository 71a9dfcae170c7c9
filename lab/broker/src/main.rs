//! The lab's Kafka-API broker: one node, one SQLite file, no cluster.
//!
//! A thin shell around the `nisshi-broker` library, so that the lab needs neither a JVM nor a
//! container to have a real broker. It speaks neither TLS nor SASL: it binds the loopback address
//! that its owner names. What the library does wastefully for a lab is mended in [`storage`].
//!
//! Usage: `faultline-broker --listen 127.0.0.1:8092 --data FOLDER`
//!
//! An acknowledged write is in SQLite's write-ahead log, handed to the kernel: killing this
//! process loses nothing (a power cut may lose the last moments, as with Kafka's own defaults).
//! That is why stopping is simply returning, and SIGTERM and SIGINT do the same.

mod headers;
mod remembered;
mod storage;

use std::{env, error::Error, fs, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use nisshi_broker::{broker::Broker, coordinator::group::administrator::Controller};
use nisshi_storage::StorageContainer;
use storage::LabStorage;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};
use tracing_subscriber::EnvFilter;
use url::Url;
use uuid::Uuid;

const USAGE: &str = "usage: faultline-broker --listen HOST:PORT --data FOLDER";
const CLUSTER_ID: &str = "faultline";
const NODE_ID: i32 = 1;
/// The file behind [`STORAGE`].
const LOG_FILE: &str = "broker.sqlite";
/// The library looks up the headers of each record it delivers and has no index for that: without one, every delivered
/// message costs a scan of all headers ever written, and consumers fall behind after a few thousand messages.
const HEADER_INDEX: &str =
    "CREATE INDEX IF NOT EXISTS faultline_header ON header (topition, offset_id)";
/// A name without a folder: the storage library joins URL paths onto the current folder without
/// undoing percent-encoding, so a folder with a space in its name would not survive the URL.
const STORAGE: &str = "sqlite://broker.sqlite";

type BoxError = Box<dyn Error + Send + Sync>;

/// What the command line says.
struct Options {
    listen: SocketAddr,
    data: PathBuf,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let (mut listen, mut data) = (None, None);
        while let Some(flag) = args.next() {
            let value = args.next().ok_or(USAGE)?;
            match flag.as_str() {
                "--listen" => {
                    let address = value
                        .parse()
                        .map_err(|error| format!("--listen {value}: {error}"))?;
                    listen = Some(address);
                }
                "--data" => data = Some(value.into()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(Self {
            listen: listen.ok_or(USAGE)?,
            data: data.ok_or(USAGE)?,
        })
    }
}

// SQLite writes one thing at a time, and a lab has few cores: handing work from thread to thread would only cost.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("faultline-broker: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), BoxError> {
    let options = Options::parse(env::args().skip(1))?;
    let data = options.data.display();
    fs::create_dir_all(&options.data).map_err(|error| format!("cannot create {data}: {error}"))?;
    env::set_current_dir(&options.data).map_err(|error| format!("cannot enter {data}: {error}"))?;

    let address = Url::parse(&format!("tcp://{}", options.listen))?;
    let storage = StorageContainer::builder()
        .node_id(NODE_ID)
        .cluster_id(CLUSTER_ID)
        .advertised_listener(address.clone())
        .storage(Url::parse(STORAGE)?)
        .silent(true)
        .build()
        .await
        .map_err(|error| format!("cannot open the log in {data}: {error}"))?;
    let storage = LabStorage::over(Arc::new(storage));
    let mut broker = Broker::new(
        NODE_ID,
        CLUSTER_ID,
        address.clone(),
        address,
        storage.clone(),
        Controller::with_storage(storage)?,
        Uuid::now_v7(),
    );

    index_headers()
        .await
        .map_err(|error| format!("cannot index the log in {data}: {error}"))?;

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // The library's own `main` ends with success even when its port is taken; `serve` says so.
    tokio::select! {
        served = broker.serve(Instant::now()) => {
            served.map_err(|error| format!("cannot serve {}: {error}", options.listen).into())
        }
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// Adds the index that the library lacks to the tables that it has just made (or made long ago).
async fn index_headers() -> Result<(), libsql::Error> {
    let log = libsql::Builder::new_local(LOG_FILE).build().await?;
    log.connect()?.execute(HEADER_INDEX, ()).await?;
    Ok(())
}
