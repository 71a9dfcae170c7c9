//! The engine's hands in this lab: words of our own commands become faults with leases, which are renewed as long as the run
//! lives, counted, and lifted. When the run dies, the proxy and the supervisor heal by themselves.

mod fault;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use engine::Hands;
use engine::report::Hit;
use reqwest::Method;
use serde_json::{Value, json};
use supervisor::{Action, control};

pub(super) use self::fault::Fault;
use super::{arm, set, stop};
use crate::chaos_proxy::Control;
use crate::{Lab, lab};

/// How long a fault outlives the run that has set it. Longer ones are renewed.
const LEASE: Duration = Duration::from_secs(10);
/// Often enough that two renewals may be lost.
const RENEW_EVERY: Duration = Duration::from_secs(3);
const BEAT: Duration = Duration::from_millis(500);

/// What was injected.
struct Injected {
    fault: Fault,
    /// As the proxy knows who has set it.
    holder: String,
    at: Instant,
    on_the_clock: DateTime<Utc>,
    renewed: Instant,
    /// Restarts of the service when a crash point was armed.
    restarts: u32,
    over: bool,
}

/// Hands in a lab.
pub(super) struct LabHands {
    lab: Lab,
    control: Control,
    supervisor: control::Client,
    run: String,
    seed: Option<u64>,
    injected: Mutex<Vec<Injected>>,
}

impl LabHands {
    pub(super) fn of(lab: Lab, run: String, seed: Option<u64>) -> anyhow::Result<Self> {
        Ok(Self {
            control: Control::of(&lab)?,
            supervisor: lab::client(&lab.home)?,
            lab,
            run,
            seed,
            injected: Mutex::default(),
        })
    }

    async fn done(&self, fault: &Fault) -> anyhow::Result<()> {
        let began = Utc::now();
        let number = self.all().len();
        let holder = format!("{}/{number}", self.run);
        let short = |lease: Duration| lease.min(LEASE);
        let restarts = match fault {
            Fault::Crash(args) => self.restarts(&args.service).await?,
            _ => 0,
        };
        match fault {
            Fault::Edge(args) => {
                set::place(&self.control, args, short(args.lease.0), &holder, self.seed).await?;
            }
            Fault::Process(name, action, lease) => {
                self.supervisor.act(name, *action, lease.map(short)).await?;
            }
            Fault::Crash(args) => arm::arm(&self.lab, args).await?,
            Fault::Stop => {
                stop::everything(&self.lab).await?;
                self.all().iter_mut().for_each(|one| one.over = true);
            }
        }
        let now = Instant::now();
        self.all().push(Injected {
            fault: fault.clone(),
            holder,
            at: now,
            on_the_clock: began,
            renewed: now,
            restarts,
            over: false,
        });
        Ok(())
    }

    /// Renews leases of faults that are to last longer than one, and lifts those whose time is over. Never returns.
    pub(super) async fn heartbeat(&self) {
        loop {
            tokio::time::sleep(BEAT).await;
            let number = self.all().len();
            for index in 0..number {
                // One that cannot be reached now heals by itself, or is renewed at the next beat.
                let _ = self.beat(index).await;
            }
        }
    }

    async fn beat(&self, index: usize) -> anyhow::Result<()> {
        let (fault, holder, at, renewed, over) = {
            let all = self.all();
            let one = &all[index];
            (
                one.fault.clone(),
                one.holder.clone(),
                one.at,
                one.renewed,
                one.over,
            )
        };
        let lease = match &fault {
            Fault::Edge(args) => args.lease.0,
            Fault::Process(_, Action::Pause | Action::Kill, Some(lease)) => *lease,
            _ => return Ok(()),
        };
        if over || lease <= LEASE {
            return Ok(());
        }
        if at.elapsed() >= lease {
            self.all()[index].over = true;
            return self.lift(&fault, &holder).await;
        }
        if renewed.elapsed() < RENEW_EVERY {
            return Ok(());
        }
        match &fault {
            Fault::Process(name, action, _) => {
                // What has been healed meanwhile is not broken again.
                if self.is_kept(name).await? {
                    self.supervisor.act(name, *action, Some(LEASE)).await?;
                }
            }
            _ => {
                self.control
                    .ask(Method::PUT, &["leases", &holder], None)
                    .await?;
            }
        }
        self.all()[index].renewed = Instant::now();
        Ok(())
    }

    async fn is_kept(&self, name: &str) -> anyhow::Result<bool> {
        let status = self.supervisor.status().await?;
        let found = status.processes.iter().find(|one| one.name == name);
        Ok(found.is_some_and(|one| one.lease_left_ms.is_some()))
    }

    async fn restarts(&self, name: &str) -> anyhow::Result<u32> {
        let status = self.supervisor.status().await?;
        let found = status.processes.iter().find(|one| one.name == name);
        Ok(found.map_or(0, |one| one.restarts))
    }

    async fn lift(&self, fault: &Fault, holder: &str) -> anyhow::Result<()> {
        match fault {
            Fault::Edge(_) => {
                self.control
                    .ask(Method::DELETE, &["leases", holder], None)
                    .await?;
            }
            Fault::Process(name, Action::Pause | Action::Kill, Some(_)) => {
                if self.is_kept(name).await? {
                    self.supervisor.act(name, Action::Resume, None).await?;
                }
            }
            Fault::Crash(args) => {
                let armed = arm::armed(&self.lab).await;
                let mine = |(service, point): &&(&crate::shop::Service, String)| {
                    service.name == args.service && *point == args.point
                };
                if let Some((service, point)) = armed.iter().find(mine) {
                    arm::disarm(&self.lab, service, point).await?;
                }
            }
            Fault::Process(..) | Fault::Stop => {}
        }
        Ok(())
    }

    /// Undoes all that this run has set and that is still there; what could not be undone, in words.
    pub(super) async fn heal(&self) -> Vec<String> {
        let all: Vec<(Fault, String)> = {
            let mut all = self.all();
            all.iter_mut().for_each(|one| one.over = true);
            all.iter()
                .map(|one| (one.fault.clone(), one.holder.clone()))
                .collect()
        };
        let mut failed = Vec::new();
        for (fault, holder) in all {
            if let Err(error) = self.lift(&fault, &holder).await {
                failed.push(format!("{fault}: {error:#}"));
            }
        }
        failed
    }

    /// What has broken for a moment only, and when: a process may be back before anybody looks.
    pub(super) fn moments(&self) -> Vec<(String, DateTime<Utc>)> {
        let all = self.all();
        let moment = |one: &&Injected| {
            matches!(
                one.fault,
                Fault::Process(_, Action::Kill | Action::Restart, _)
            )
        };
        let moments = all.iter().filter(moment);
        moments
            .map(|one| (one.fault.to_string(), one.on_the_clock))
            .collect()
    }

    /// What each fault of this run has hit, in the order in which they were set.
    pub(super) async fn hits(&self) -> anyhow::Result<Vec<Hit>> {
        let faults = self.control.ask(Method::GET, &["faults"], None).await?;
        let known: Vec<(Fault, String, u32)> = {
            let all = self.all();
            all.iter()
                .map(|one| (one.fault.clone(), one.holder.clone(), one.restarts))
                .collect()
        };
        let mut hits = Vec::new();
        for (fault, holder, restarts) in known {
            let count = match &fault {
                Fault::Edge(_) => on_edge(&faults, &holder),
                // The supervisor has said that it was done.
                Fault::Process(_, Action::Kill | Action::Pause | Action::Restart, _) => 1,
                Fault::Crash(args) => {
                    u64::from(self.restarts(&args.service).await?.saturating_sub(restarts))
                }
                Fault::Process(..) | Fault::Stop => continue,
            };
            hits.push(Hit {
                fault: fault.to_string(),
                hits: count,
            });
        }
        Ok(hits)
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Injected>> {
        self.injected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hits of what this holder has set, lifted or not.
fn on_edge(faults: &Value, holder: &str) -> u64 {
    let lists = ["active", "ended"].map(|name| faults[name].as_array());
    let all = lists.into_iter().flatten().flatten();
    let ours = all.filter(|fault| fault["holder"] == holder);
    ours.filter_map(|fault| fault["hits"].as_u64()).sum()
}

impl Hands for LabHands {
    type Fault = Fault;

    async fn understand(&self, words: &[String]) -> Result<Option<Fault>, String> {
        let fault = self.understood(words).await;
        fault.map_err(|error| format!("{error:#}"))
    }

    async fn inject(&self, fault: &Fault) -> Result<Value, String> {
        match self.done(fault).await {
            Ok(()) => Ok(json!({ "status": 0, "stdout": fault.to_string(), "stderr": "" })),
            Err(error) => Err(format!("{error:#}")),
        }
    }
}
