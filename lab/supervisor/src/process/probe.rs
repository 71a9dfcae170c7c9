//! Asks a process whether it is ready, at the pace that fits its state.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::State;
use crate::spec::Readiness;

/// While somebody waits for the answer.
const PACE_STARTING: Duration = Duration::from_millis(100);
/// Afterwards; a service out of order shows within about a second.
const PACE_SETTLED: Duration = Duration::from_secs(1);
/// A readiness check that takes longer is an answer in itself.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);
/// As much of an unready answer as is shown.
const BODY_CHARS_SHOWN: usize = 300;

/// Waits for the next turn, asks, and answers why it is not ready if it is not.
pub(super) async fn next(
    ready: &Readiness,
    http: &reqwest::Client,
    state: State,
) -> Result<(), String> {
    sleep(if state == State::Ready {
        PACE_SETTLED
    } else {
        PACE_STARTING
    })
    .await;
    match timeout(ANSWER_LIMIT, ask(ready, http)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(format!("no answer within {} s", ANSWER_LIMIT.as_secs())),
    }
}

async fn ask(ready: &Readiness, http: &reqwest::Client) -> Result<(), String> {
    match ready {
        Readiness::Check(check) => check().await.map_err(|error| chain(error.as_ref())),
        Readiness::Http(url) => get(url, http).await,
    }
}

async fn get(url: &str, http: &reqwest::Client) -> Result<(), String> {
    let answer = http.get(url).send().await.map_err(|error| chain(&error))?;
    let status = answer.status();
    if status.as_u16() == 200 {
        return Ok(());
    }
    let body = answer.text().await.unwrap_or_default();
    let body: String = body.trim().chars().take(BODY_CHARS_SHOWN).collect();
    Err(format!("{url} answers {status} {body}"))
}

/// The error with its causes; reqwest says why only in the last of them.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
