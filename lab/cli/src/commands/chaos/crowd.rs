//! Customers who come while something is broken: the load's own generator, with its history, until they are told to leave.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use engine::experiment::Load;
use loadtest::{
    dice::Seed,
    ground::Shelves,
    history::History,
    profile::{Profile, Share},
    run::{Progress, Ready},
    scenario::Kind,
};
use tokio::sync::watch;

use crate::commands::load::work::HISTORY;
use crate::{Lab, catalogue, shopkeeper};

/// What customers do: everybody orders something, half of them look around first, some change their minds.
const PROFILE: &str = "demo";
/// They are sent home long before.
const LENGTH_MAX: Duration = Duration::from_secs(4 * 3_600);

/// Requests, errors and time since they began to come.
pub(super) type SoFar = (Duration, u64, u64);

/// Customers with accounts.
pub(super) struct Crowd {
    profile: Profile,
    ready: Ready,
    history: Arc<History>,
    file: PathBuf,
}

impl Crowd {
    /// Lets them register. With a seed, what they will want depends on it alone.
    pub(super) async fn gather(
        lab: &Lab,
        load: &Load,
        folder: &std::path::Path,
        seed: Option<u64>,
    ) -> anyhow::Result<Self> {
        let mut profile = profile(load)?;
        profile.seed = seed.map(Seed);
        let file = folder.join(HISTORY);
        let history = Arc::new(History::create(&file).with_context(|| file.display().to_string())?);
        let shelves = Shelves {
            plentiful: catalogue::plentiful(),
            scarce: catalogue::scarce(),
            administrator: None,
        };
        let gateway = shopkeeper::gateway(lab);
        let ready = Ready::prepare(&gateway, shelves, &profile, Some(history.clone()), |_| {})
            .await
            .context("customers cannot register")?;
        Ok(Self {
            profile,
            ready,
            history,
            file,
        })
    }

    /// They come until `leave` becomes true. Answers where their history is, all of it on disk.
    pub(super) async fn come(
        self,
        leave: watch::Receiver<bool>,
        so_far: &watch::Sender<SoFar>,
    ) -> anyhow::Result<PathBuf> {
        let tell = |progress| {
            if let Progress::Running(since, now) = progress {
                so_far.send_replace((since, now.requests, now.errors));
            }
        };
        self.ready.run(&self.profile, leave, tell).await?;
        let Self {
            ready,
            history,
            file,
            ..
        } = self;
        drop(ready);
        let history = Arc::into_inner(history).context("nobody writes any more")?;
        history.finish().context("write the history")?;
        Ok(file)
    }
}

/// What customers of the demo do, or what the experiment says, at its rate.
fn profile(load: &Load) -> anyhow::Result<Profile> {
    let profile = Profile::shipped(PROFILE).context("the demo's profile is shipped")?;
    let mut profile = profile.with_duration(LENGTH_MAX).with_rate(load.rate);
    if !load.scenarios.is_empty() {
        let chosen = load.scenarios.iter().filter_map(|(_, name, weight)| {
            let share = Share {
                weight: *weight,
                think: None,
            };
            Some((kind(name)?, share))
        });
        profile.scenarios = chosen.collect();
    }
    if let Some(problem) = profile.problems().first() {
        anyhow::bail!("load: {} {}", problem.key, problem.text);
    }
    Ok(profile)
}

/// A scenario by its name.
pub(super) fn kind(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
}
