//! Ctrl-C and SIGTERM: the load ends, and what was measured until then is reported.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::term::note;

/// Passes the first signal on, and never returns: what is under way ends by itself, and with it the command.
pub(super) async fn passed_on(stop: &watch::Sender<bool>) {
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without signals there is nobody to listen to.
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
    }
    note("Stopping; what was measured until now is reported.");
    stop.send_replace(true);
    std::future::pending().await
}
