//! What customers met, from the history that the load has kept: anybody can compute it again from the file.

mod judge;

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use judge::judge;

/// Traces that are named.
const TRACES_MAX: usize = 12;
/// Of which so many were only slow.
const SLOWEST_MAX: usize = 5;
/// Customers open accounts before the load begins.
const SET_UP: &str = "/auth/";

/// One request of a customer.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// When it was meant to be sent.
    pub at: DateTime<Utc>,
    /// Until the last byte of the answer.
    pub took_ms: f64,
    /// `POST /orders`.
    pub endpoint: String,
    /// What was wrong with the answer.
    #[serde(default)]
    pub fault: Option<String>,
    /// The trace that it began.
    pub trace_id: String,
}

/// A part of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Part {
    /// How long.
    pub seconds: f64,
    /// Requests that were meant to begin in it.
    pub requests: usize,
    /// Wrong answers among them.
    pub errors: usize,
    /// Their share.
    pub errors_percent: f64,
    /// 95th percentile of the latency.
    pub p95_ms: f64,
}

/// The parts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Parts {
    /// Before the first fault.
    pub before: Part,
    /// From the first fault to the end of the last.
    pub during: Part,
    /// From the end of the time for recovery on.
    pub after: Part,
    /// Seconds from the end of the last fault to the last wrong answer; 0 when there was none.
    pub recovery_s: f64,
}

/// A second of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Second {
    /// Since the load began.
    pub second: f64,
    /// Requests.
    pub requests: usize,
    /// Wrong answers.
    pub errors: usize,
    /// Median of the latency.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
}

/// A request that went wrong or took long while something was broken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Struck {
    /// `POST /orders`.
    pub endpoint: String,
    /// What was wrong, or how long it took.
    pub fault: String,
    /// Its trace.
    pub trace_id: String,
    /// Seconds since the load began.
    pub second: f64,
}

/// Times of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// The load began.
    pub began: DateTime<Utc>,
    /// The first fault began and the last one ended; none if there was none.
    pub broken: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The load ended.
    pub ended: DateTime<Utc>,
}

/// Everything that was asked of the shop, set-up left out.
///
/// # Errors
/// The file cannot be read, or has a line that is something else.
pub fn read(path: &Path) -> io::Result<Vec<Asked>> {
    let mut all = Vec::new();
    for (number, line) in BufReader::new(File::open(path)?).lines().enumerate() {
        let asked: Asked = serde_json::from_str(&line?).map_err(|error| {
            io::Error::other(format!("{}:{}: {error}", path.display(), number + 1))
        })?;
        if !asked.endpoint.contains(SET_UP) {
            all.push(asked);
        }
    }
    Ok(all)
}

/// The parts of a run. Without a fault, everything is before it.
#[must_use]
pub fn parts(all: &[Asked], times: Times, recovery_s_max: f64) -> Parts {
    let part = |from: DateTime<Utc>, until: DateTime<Utc>, belongs: &dyn Fn(&Asked) -> bool| {
        let inside: Vec<&Asked> = all.iter().filter(|one| belongs(one)).collect();
        Part::of((until - from).as_seconds_f64().max(0.0), &inside)
    };
    let (began, ended) = (times.began, times.ended);
    let Some((first, last)) = times.broken else {
        return Parts {
            before: part(began, ended, &|one| one.at >= began),
            ..Parts::default()
        };
    };
    let healed = last + chrono::Duration::milliseconds((recovery_s_max * 1e3) as i64);
    let wrong = all
        .iter()
        .filter(|one| one.fault.is_some() && one.at >= last);
    Parts {
        before: part(began, first, &|one| one.at >= began && one.ended() < first),
        // What was under way when the fault began was hit by it.
        during: part(first, last, &|one| one.at < last && one.ended() >= first),
        after: part(healed, ended, &|one| one.at >= healed),
        recovery_s: wrong
            .map(|one| (one.at - last).as_seconds_f64())
            .fold(0.0, f64::max),
    }
}

impl Asked {
    fn ended(&self) -> DateTime<Utc> {
        self.at + chrono::Duration::microseconds((self.took_ms * 1e3) as i64)
    }
}

impl Part {
    fn of(seconds: f64, inside: &[&Asked]) -> Self {
        let errors = inside.iter().filter(|one| one.fault.is_some()).count();
        Self {
            seconds,
            requests: inside.len(),
            errors,
            errors_percent: if inside.is_empty() {
                0.0
            } else {
                100.0 * errors as f64 / inside.len() as f64
            },
            p95_ms: percentile(inside.iter().map(|one| one.took_ms).collect(), 0.95),
        }
    }
}

/// The smallest value that so large a share does not exceed.
fn percentile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (share * values.len() as f64).ceil() as usize;
    values
        .get(place.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

/// Second by second.
#[must_use]
pub fn series(all: &[Asked], times: Times) -> Vec<Second> {
    let length = (times.ended - times.began).num_seconds().max(0);
    let second = |number: i64| {
        let from = times.began + chrono::Duration::seconds(number);
        let inside = all
            .iter()
            .filter(|one| (from..from + chrono::Duration::seconds(1)).contains(&one.at));
        let inside: Vec<&Asked> = inside.collect();
        let took = || inside.iter().map(|one| one.took_ms).collect();
        Second {
            second: number as f64,
            requests: inside.len(),
            errors: inside.iter().filter(|one| one.fault.is_some()).count(),
            p50_ms: percentile(took(), 0.5),
            p95_ms: percentile(took(), 0.95),
        }
    };
    (0..length).map(second).collect()
}

/// Some of the requests that a fault has hit: those that went wrong, one of each kind first, then the slowest.
#[must_use]
pub fn struck(all: &[Asked], times: Times) -> Vec<Struck> {
    let Some((first, last)) = times.broken else {
        return Vec::new();
    };
    let inside = all
        .iter()
        .filter(|one| one.at < last && one.ended() >= first);
    let (wrong, mut slow): (Vec<&Asked>, Vec<&Asked>) = inside.partition(|one| one.fault.is_some());
    slow.sort_by(|one, other| other.took_ms.total_cmp(&one.took_ms));
    let mut kinds = Vec::new();
    let (firsts, others): (Vec<&Asked>, Vec<&Asked>) = wrong.into_iter().partition(|one| {
        let kind = (&one.endpoint, &one.fault);
        let is_new = !kinds.contains(&kind);
        kinds.push(kind);
        is_new
    });
    let chosen = firsts
        .into_iter()
        .chain(others)
        .chain(slow.into_iter().take(SLOWEST_MAX));
    let struck = chosen.map(|one| Struck {
        endpoint: one.endpoint.clone(),
        fault: one
            .fault
            .clone()
            .unwrap_or_else(|| format!("took {:.0} ms", one.took_ms)),
        trace_id: one.trace_id.clone(),
        second: (one.at - times.began).as_seconds_f64(),
    });
    struck.take(TRACES_MAX).collect()
}

#[cfg(test)]
mod tests;
