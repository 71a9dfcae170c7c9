//! Named points at which a test can make the process die as under `kill -9`.
//!
//! Points are registered when the component that contains them is built, so that a test can enumerate them all and a
//! new one cannot be forgotten. They are off unless `CRASH_POINTS_ENABLED=true`; a disabled point costs one atomic
//! load. What is armed lives in this process only: the restarted one starts unarmed.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::Serialize;
use thiserror::Error;
use tracing::{error, warn};

use crate::config::{ConfigError, Env};

static ENABLED: AtomicBool = AtomicBool::new(false);
static POINTS: Mutex<BTreeMap<String, Point>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Point {
    armed: Option<u32>,
    hits: u64,
}

/// A registered point, as the admin port shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CrashPoint {
    /// For example `relay.after_publish_before_mark`.
    pub name: String,
    /// On which hit, counted from the arming, the process dies; absent when not armed.
    pub armed: Option<u32>,
    /// How often the point was reached while crash points were enabled.
    pub hits: u64,
}

/// Why a point cannot be armed or disarmed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CrashError {
    /// The process runs without crash points.
    #[error("crash points are off; start the process with CRASH_POINTS_ENABLED=true")]
    Disabled,
    /// Nobody registered this name.
    #[error("there is no crash point {0:?}")]
    Unknown(String),
    /// Hits are counted from 1.
    #[error("the hit must be 1 or more")]
    HitZero,
}

/// Switches crash points on if the environment says so: `CRASH_POINTS_ENABLED`, `true` or `false` (default).
///
/// # Errors
/// A value that is neither.
pub fn configure(env: &Env) -> Result<(), ConfigError> {
    if env.parsed_or("CRASH_POINTS_ENABLED", false)? {
        warn!("crash points are enabled: this process can be told to kill itself");
        ENABLED.store(true, Ordering::Relaxed);
    }
    Ok(())
}

/// Makes a point known. Registering it again (a second consumer of the same group) changes nothing.
pub fn register(name: &str) {
    points().entry(name.to_owned()).or_default();
}

/// Marks a place between two effects. Dies here if the point is armed and this is the hit.
#[inline]
pub fn point(name: &str) {
    if ENABLED.load(Ordering::Relaxed) {
        reach(name);
    }
}

#[cold]
fn reach(name: &str) {
    let known = points()
        .get_mut(name)
        .map(|point| point.hits += 1)
        .is_some();
    if !known {
        error!(name, "crash point was never registered");
    }
    debug_assert!(known, "crash point {name:?} was never registered");
    // The `fail` crate holds the action; the lock above is released before it may kill us.
    fail::fail_point!(name);
}

/// Arms a point: the process dies when it reaches it for the `hit`-th time from now, 1 being the next.
///
/// # Errors
/// Crash points are off, the name is not registered, or the hit is 0.
pub fn arm(name: &str, hit: u32) -> Result<(), CrashError> {
    if hit == 0 {
        return Err(CrashError::HitZero);
    }
    set_armed(name, Some(hit))?;
    let left = AtomicU32::new(hit);
    let at_point = name.to_owned();
    let action = move || {
        if left.fetch_sub(1, Ordering::SeqCst) == 1 {
            die(&at_point);
        }
    };
    fail::cfg_callback(name, action).expect("a callback is always a valid action");
    Ok(())
}

/// Takes the arming back.
///
/// # Errors
/// Crash points are off, or the name is not registered.
pub fn disarm(name: &str) -> Result<(), CrashError> {
    set_armed(name, None)?;
    fail::remove(name);
    Ok(())
}

/// All registered points by name.
pub fn list() -> Vec<CrashPoint> {
    points()
        .iter()
        .map(|(name, point)| CrashPoint {
            name: name.clone(),
            armed: point.armed,
            hits: point.hits,
        })
        .collect()
}

fn set_armed(name: &str, hit: Option<u32>) -> Result<(), CrashError> {
    if !ENABLED.load(Ordering::Relaxed) {
        return Err(CrashError::Disabled);
    }
    let mut points = points();
    let point = points
        .get_mut(name)
        .ok_or_else(|| CrashError::Unknown(name.to_owned()))?;
    point.armed = hit;
    Ok(())
}

fn points() -> MutexGuard<'static, BTreeMap<String, Point>> {
    // A panic while counting hits leaves nothing half done.
    POINTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// No destructor, no flush, no goodbye to a peer: what a power cut would leave.
fn die(name: &str) -> ! {
    warn!(name, "crash point reached: dying");
    kill(Pid::this(), Signal::SIGKILL).expect("a process may signal itself");
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_counted_armed_and_disarmed() {
        configure(&Env::from_pairs([("CRASH_POINTS_ENABLED", "true")])).unwrap();
        register("test.somewhere");
        point("test.somewhere");
        assert_eq!(arm("test.somewhere", 0), Err(CrashError::HitZero));
        assert_eq!(
            arm("test.nowhere", 1),
            Err(CrashError::Unknown("test.nowhere".to_owned()))
        );
        arm("test.somewhere", 2).unwrap();
        // The first hit from the arming on: still alive.
        point("test.somewhere");
        let shown = list()
            .into_iter()
            .find(|point| point.name == "test.somewhere")
            .unwrap();
        assert_eq!((shown.armed, shown.hits), (Some(2), 2));
        disarm("test.somewhere").unwrap();
        point("test.somewhere");
    }

    #[test]
    fn a_switch_that_is_neither_true_nor_false_is_refused() {
        assert!(configure(&Env::from_pairs([("CRASH_POINTS_ENABLED", "perhaps")])).is_err());
    }
}
