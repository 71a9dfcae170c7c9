//! Accepting SMTP connections, a bounded number at once, until told to stop.

use std::{io, path::PathBuf, sync::Arc};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::session::Session;

/// Sessions at once; one more is told to come back later.
const SESSIONS_MAX: usize = 64;

/// Accepts mail on `listener` into the folder `dir` until `shutdown`; sessions that are open then are told so and
/// end between two commands.
///
/// # Errors
/// When the folder cannot be made. What goes wrong in one session ends that session only.
pub async fn serve(
    listener: TcpListener,
    dir: PathBuf,
    shutdown: CancellationToken,
) -> io::Result<()> {
    tokio::fs::create_dir_all(&dir).await?;
    let sessions = TaskTracker::new();
    let places = Arc::new(Semaphore::new(SESSIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or a client that left already: others may still get in.
                tracing::warn!(%error, "cannot accept a mail connection");
                tokio::task::yield_now().await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            sessions.spawn(refuse(stream));
            continue;
        };
        let session = Session::new(dir.clone(), shutdown.clone());
        sessions.spawn(async move {
            if let Err(error) = session.run(stream).await {
                tracing::debug!(%error, %peer, "a mail session broke off");
            }
            drop(place);
        });
    }
    sessions.close();
    sessions.wait().await;
    Ok(())
}

async fn refuse(mut stream: TcpStream) {
    // A client that does not even wait for the answer has its answer.
    let _ = stream
        .write_all(b"421 4.3.2 too many sessions, try again later\r\n")
        .await;
}
