//! `faultline chaos stop`: the shop as it was.

use reqwest::Method;
use supervisor::{Action, ProcessStatus, State};

use super::{arm, faults};
use crate::chaos_proxy::Control;
use crate::{Lab, Verdict, lab, term};

pub(super) async fn run(lab: &Lab) -> anyhow::Result<Verdict> {
    let lifted = everything(lab).await?;
    let left = left(lab).await?;
    term::note(match (lifted, left.len()) {
        (0, 0) => "Nothing was set.".to_owned(),
        (_, 0) => format!("Lifted: {lifted}."),
        _ => format!("Still there: {}.", left.join(", ")),
    });
    Ok(Verdict::from_bool(left.is_empty()))
}

/// Lifts whatever anybody has set; answers how much it was.
pub(super) async fn everything(lab: &Lab) -> anyhow::Result<usize> {
    let control = Control::of(lab)?;
    let mut lifted = faults::active(&control).await?.len();
    control.ask(Method::POST, &["reset"], None).await?;
    let supervisor = lab::client(&lab.home)?;
    for process in supervisor.status().await?.processes {
        if is_kept(&process) {
            supervisor.act(&process.name, Action::Resume, None).await?;
            lifted += 1;
        }
    }
    for (service, point) in arm::armed(lab).await {
        arm::disarm(lab, service, &point).await?;
        lifted += 1;
    }
    Ok(lifted)
}

/// Faults that are still there, each in words that stay the same as long as it is.
pub(super) async fn left(lab: &Lab) -> anyhow::Result<Vec<String>> {
    let control = Control::of(lab)?;
    let set = faults::active(&control).await?;
    let word =
        |fault: &serde_json::Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let mut left: Vec<String> = set
        .iter()
        .map(|fault| format!("{} on {}", word(fault, "type"), word(fault, "proxy")))
        .collect();
    for process in lab::client(&lab.home)?.status().await?.processes {
        let name = &process.name;
        match process.state {
            State::Paused => left.push(format!("{name} is paused")),
            State::Backoff | State::Failed | State::Stopped => left.push(format!("{name} is down")),
            State::Starting => left.push(format!("{name} is starting")),
            State::Ready | State::Degraded => {}
        }
    }
    Ok(left)
}

/// Paused, or down until a lease is over.
fn is_kept(process: &ProcessStatus) -> bool {
    process.state == State::Paused || process.lease_left_ms.is_some()
}
