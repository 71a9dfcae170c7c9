//! Waiting for a stage to be ready, and stopping one.

use std::time::{Duration, Instant};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::process::{Command, Handle};
use crate::{Dirs, Error, State, logs};

/// As much of a log as helps to see why a start failed.
const LOG_LINES_SHOWN: usize = 15;

pub(super) async fn wait_ready(
    dirs: &Dirs,
    stage: Vec<Handle>,
    on_ready: &mut impl FnMut(&str, Duration),
) -> Result<(), Error> {
    let since = Instant::now();
    let mut waiting: FuturesUnordered<_> = stage
        .into_iter()
        .map(|handle| wait_one(dirs, handle))
        .collect();
    while let Some(outcome) = waiting.next().await {
        on_ready(&outcome?, since.elapsed());
    }
    Ok(())
}

/// Answers its name when it is ready.
async fn wait_one(dirs: &Dirs, handle: Handle) -> Result<String, Error> {
    let since = Instant::now();
    let mut view = handle.view.clone();
    let settled =
        view.wait_for(|view| matches!(view.state, State::Ready | State::Failed | State::Stopped));
    let ready = match timeout(handle.spec.ready_limit, settled).await {
        Ok(Ok(view)) => view.state == State::Ready,
        _ => false,
    };
    if ready {
        return Ok(handle.spec.name.clone());
    }
    let log = dirs.log(&handle.spec.name);
    Err(Error::NotReady {
        name: handle.spec.name.clone(),
        waited: since.elapsed(),
        reason: handle.view.borrow().reason.clone(),
        last_lines: logs::last_lines(&log, LOG_LINES_SHOWN).unwrap_or_default(),
        log,
    })
}

pub(super) async fn stop(stage: Vec<Handle>, on_stopped: &mut impl FnMut(&str)) {
    let mut stopping: FuturesUnordered<_> = stage.into_iter().map(stop_one).collect();
    while let Some(name) = stopping.next().await {
        on_stopped(&name);
    }
}

async fn stop_one(handle: Handle) -> String {
    let (answer, stopped) = oneshot::channel();
    // A task that is gone has stopped its process before.
    if handle.commands.send(Command::Stop(answer)).await.is_ok() {
        let _ = stopped.await;
    }
    handle.spec.name.clone()
}
