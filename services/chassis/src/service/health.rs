//! Readiness: whether a service can do its work now, with each dependency's state and time.

use std::{
    future::Future,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;

use crate::db::Db;

/// A dependency that has not answered by then counts as down; a probe should not wait longer than its caller.
const CHECK_TIMEOUT: Duration = Duration::from_millis(800);

const STARTING: u8 = 0;
const STARTED: u8 = 1;
const DRAINING: u8 = 2;

type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The dependencies that readiness asks.
#[derive(Clone, Default)]
pub struct Health {
    phase: Arc<AtomicU8>,
    checks: Arc<RwLock<Vec<(&'static str, Check)>>>,
}

/// The body of `GET /ready`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) status: &'static str,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Debug, Serialize)]
pub(super) struct Dependency {
    name: &'static str,
    state: &'static str,
    ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Health {
    /// Registers a dependency without which the service cannot work.
    pub fn register<C, F, E>(&self, name: &'static str, check: C)
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let check: Check = Arc::new(move || {
            let asked = check();
            Box::pin(async move { asked.await.map_err(|error| error.to_string()) })
        });
        self.checks
            .write()
            .expect("no panic while held")
            .push((name, check));
    }

    /// Registers the service's database.
    pub fn register_postgres(&self, db: Db) {
        self.register("postgres", move || {
            let db = db.clone();
            async move { sqlx::query("SELECT 1").execute(&db).await.map(|_| ()) }
        });
    }

    pub(super) fn set_started(&self) {
        self.phase.store(STARTED, Ordering::Release);
    }

    pub(super) fn set_draining(&self) {
        self.phase.store(DRAINING, Ordering::Release);
    }

    pub(super) async fn report(&self) -> Report {
        let checks = self.checks.read().expect("no panic while held").clone();
        let dependencies = join_all(checks.into_iter().map(|(name, check)| ask(name, check))).await;
        let all_up = dependencies
            .iter()
            .all(|dependency| dependency.state == "up");
        let status = match self.phase.load(Ordering::Acquire) {
            STARTING => "starting",
            DRAINING => "draining",
            _ if all_up => "ready",
            _ => "unready",
        };
        Report {
            status,
            dependencies,
        }
    }
}

async fn ask(name: &'static str, check: Check) -> Dependency {
    let asked = Instant::now();
    let answer = tokio::time::timeout(CHECK_TIMEOUT, check()).await;
    let error = match answer {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(_) => Some(format!("no answer within {CHECK_TIMEOUT:?}")),
    };
    let ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
    Dependency {
        name,
        state: if error.is_none() { "up" } else { "down" },
        ms,
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_dependency_is_named_and_makes_the_service_unready() {
        let health = Health::default();
        health.set_started();
        health.register("good", || async { Ok::<_, String>(()) });
        health.register("bad", || async { Err::<(), _>("refused") });
        let report = health.report().await;
        assert_eq!(report.status, "unready");
        assert_eq!(report.dependencies[1].error.as_deref(), Some("refused"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dependency_that_hangs_is_down_after_the_timeout() {
        let health = Health::default();
        health.set_started();
        health.register("hung", std::future::pending::<Result<(), String>>);
        assert_eq!(health.report().await.dependencies[0].state, "down");
    }

    #[tokio::test]
    async fn a_draining_service_is_not_ready_although_its_dependencies_are() {
        let health = Health::default();
        assert_eq!(health.report().await.status, "starting");
        health.set_draining();
        assert_eq!(health.report().await.status, "draining");
    }
}
