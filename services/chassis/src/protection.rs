//! Named protections that can be switched off for a while, so that it can be shown what each is worth: with one off, the
//! experiment that it stands against has to fail.
//!
//! A protection is registered by the component that it guards, so that a test can enumerate them all. Switching is refused
//! unless `PROTECTION_SWITCHES_ENABLED=true`. Whoever switches one off gets a lease: it comes back by itself, whatever has
//! become of them. What is off lives in this process only: a restarted one is protected. A protection that is on costs one
//! atomic load.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;
use thiserror::Error;
use tracing::warn;

use crate::config::{ConfigError, Env};

/// The longest lease: whoever wants a service unprotected for longer than an hour says so again.
pub const LEASE_MAX: Duration = Duration::from_secs(3600);

static ENABLED: AtomicBool = AtomicBool::new(false);
/// Gone when nobody holds them: the edges of an instance that has left.
static SWITCHES: Mutex<BTreeMap<String, Weak<Switch>>> = Mutex::new(BTreeMap::new());
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What a component asks before it protects.
#[derive(Clone, Debug)]
pub struct Protection(Arc<Switch>);

#[derive(Debug)]
struct Switch {
    /// What happens without it.
    without: &'static str,
    /// In milliseconds since the process began; 0 while it is on.
    off_until: AtomicU64,
    left_out: AtomicU64,
}

/// A registered protection, as the admin port shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtectionView {
    /// For example `order->payment.breaker`.
    pub name: String,
    /// What happens without it.
    pub without: &'static str,
    /// Whether it protects now.
    pub on: bool,
    /// Until it does again; absent while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_for_ms: Option<u64>,
    /// How often it was asked for while it was off.
    pub left_out: u64,
}

/// Why a protection cannot be switched.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ProtectionError {
    /// The process does not let itself be weakened.
    #[error(
        "protections cannot be switched; start the process with PROTECTION_SWITCHES_ENABLED=true"
    )]
    Disabled,
    /// Nobody registered this name.
    #[error("there is no protection {0:?}")]
    Unknown(String),
    /// It would be off for ever, or not at all.
    #[error("lease_ms must be from 1 to {}", LEASE_MAX.as_millis())]
    Lease,
}

/// Lets protections be switched if the environment says so: `PROTECTION_SWITCHES_ENABLED`, `true` or `false` (default).
///
/// # Errors
/// A value that is neither.
pub fn configure(env: &Env) -> Result<(), ConfigError> {
    if env.parsed_or("PROTECTION_SWITCHES_ENABLED", false)? {
        warn!("this process can be told to do without its protections");
        ENABLED.store(true, Ordering::Relaxed);
    }
    Ok(())
}

impl Protection {
    /// Makes one known; the name says whose it is. Two holders of one name share the switch.
    pub fn register(name: &str, without: &'static str) -> Self {
        let mut switches = switches();
        if let Some(known) = switches.get(name).and_then(Weak::upgrade) {
            return Self(known);
        }
        let switch = Arc::new(Switch {
            without,
            off_until: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        });
        switches.insert(name.to_owned(), Arc::downgrade(&switch));
        Self(switch)
    }

    /// Asked where it is needed. While it is off, the answer is counted.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.0.off_until.load(Ordering::Relaxed) == 0 || self.0.is_on_again()
    }

    /// How long it stays off; None while it is on. Asking is not counted.
    pub fn off_for(&self) -> Option<Duration> {
        self.0.off_for()
    }
}

impl Switch {
    #[cold]
    fn is_on_again(&self) -> bool {
        let on = self.off_for().is_none();
        if !on {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        on
    }

    fn off_for(&self) -> Option<Duration> {
        let until = Duration::from_millis(self.off_until.load(Ordering::Relaxed));
        let left = until.checked_sub(BEGINNING.elapsed())?;
        (!left.is_zero()).then_some(left)
    }
}

/// Switches one off for as long as the lease; again, and the lease begins anew.
///
/// # Errors
/// Switching is not allowed, the name is not registered, or the lease is out of range.
pub fn switch_off(name: &str, lease: Duration) -> Result<(), ProtectionError> {
    if lease.is_zero() || lease > LEASE_MAX {
        return Err(ProtectionError::Lease);
    }
    let switch = find(name)?;
    warn!(protection = name, ?lease, "switched off");
    let until = (BEGINNING.elapsed() + lease).as_millis();
    switch
        .off_until
        .store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
    Ok(())
}

/// Switches one on again.
///
/// # Errors
/// Switching is not allowed, or the name is not registered.
pub fn switch_on(name: &str) -> Result<(), ProtectionError> {
    find(name)?.off_until.store(0, Ordering::Relaxed);
    Ok(())
}

/// Switches everything on again.
pub fn reset() {
    for switch in switches().values().filter_map(Weak::upgrade) {
        switch.off_until.store(0, Ordering::Relaxed);
    }
}

/// All registered protections by name.
pub fn list() -> Vec<ProtectionView> {
    let mut switches = switches();
    switches.retain(|_, switch| switch.strong_count() > 0);
    let view = |(name, switch): (&String, &Weak<Switch>)| {
        let switch = switch.upgrade()?;
        let off_for = switch.off_for();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Some(ProtectionView {
            name: name.clone(),
            without: switch.without,
            on: off_for.is_none(),
            off_for_ms: off_for.map(millis),
            left_out: switch.left_out.load(Ordering::Relaxed),
        })
    };
    switches.iter().filter_map(view).collect()
}

fn find(name: &str) -> Result<Arc<Switch>, ProtectionError> {
    if !ENABLED.load(Ordering::Relaxed) {
        return Err(ProtectionError::Disabled);
    }
    let known = switches().get(name).and_then(Weak::upgrade);
    known.ok_or_else(|| ProtectionError::Unknown(name.to_owned()))
}

fn switches() -> MutexGuard<'static, BTreeMap<String, Weak<Switch>>> {
    // Nothing is half done while it is held.
    SWITCHES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn view(name: &str) -> Option<ProtectionView> {
        list().into_iter().find(|view| view.name == name)
    }

    fn enable() {
        configure(&Env::from_pairs([("PROTECTION_SWITCHES_ENABLED", "true")])).unwrap();
    }

    #[test]
    fn one_that_is_off_counts_who_asks_for_it_and_comes_back_when_it_is_told() {
        enable();
        let protection = Protection::register("test.told", "nothing happens");
        assert!(protection.is_on());
        switch_off("test.told", MINUTE).unwrap();
        assert!(!protection.is_on() && !protection.is_on());
        let shown = view("test.told").unwrap();
        assert!(!shown.on && shown.left_out == 2 && shown.off_for_ms <= Some(60_000));
        switch_on("test.told").unwrap();
        assert!(protection.is_on());
    }

    #[test]
    fn one_that_nobody_switches_on_comes_back_when_its_lease_runs_out() {
        enable();
        let protection = Protection::register("test.lease", "nothing happens");
        switch_off("test.lease", Duration::from_millis(1)).unwrap();
        let give_up = Instant::now() + MINUTE;
        while !protection.is_on() {
            assert!(Instant::now() < give_up, "it stays off");
        }
        assert!(view("test.lease").unwrap().on);
    }

    #[test]
    fn what_cannot_be_switched_is_refused() {
        enable();
        let _held = Protection::register("test.refused", "nothing happens");
        assert_eq!(
            switch_off("test.nowhere", MINUTE),
            Err(ProtectionError::Unknown("test.nowhere".to_owned()))
        );
        for lease in [Duration::ZERO, LEASE_MAX + MINUTE] {
            assert_eq!(
                switch_off("test.refused", lease),
                Err(ProtectionError::Lease)
            );
        }
        assert!(view("test.refused").unwrap().on);
    }

    #[test]
    fn one_that_nobody_holds_any_more_is_not_listed() {
        drop(Protection::register("test.gone", "nothing happens"));
        assert_eq!(view("test.gone"), None);
    }
}
