//! Everything decided before anything is sent.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use chrono::Utc;
use loadtest::{
    profile::{Model, Profile},
    scenario::Kind,
    threshold::{Threshold, from_objectives},
};
use slo::{Spec, shipped};

use super::{Wish, refusal::refuse, target::Target};
use crate::{Lab, cli::Global, term::note};

/// What is to be done.
pub(super) struct Job {
    pub(super) lab: Lab,
    pub(super) target: Target,
    pub(super) profile: Profile,
    pub(super) thresholds: Vec<Threshold>,
    pub(super) repeats: u32,
    /// Highest rate of a search.
    pub(super) rate_max: Option<f64>,
    /// A folder that is there.
    pub(super) out: PathBuf,
}

impl Job {
    /// Reads the options, finds the shop, and makes the folder.
    ///
    /// # Errors
    /// What makes no sense, is not there, or is not ours.
    pub(super) async fn of(global: &Global, wish: &Wish) -> anyhow::Result<Self> {
        let lab = Lab::of(global)?;
        let mut profile = wish.profile(lab.home.repo.as_deref())?;
        let repeats = wish.repeats()?;
        if let (true, Model::Open { schedule, .. }) =
            (wish.find_knee && wish.duration.is_none(), &profile.model)
        {
            let rate = schedule.first().max(1.0);
            profile = profile.with_duration(super::knee::STEP).with_rate(rate);
        }
        let target = Target::of(&lab, wish).await?;
        if target.shelves.administrator.is_none()
            && profile.scenarios.remove(&Kind::Administrator).is_some()
        {
            note("There is no administrator's password for this shop: nobody restocks.");
            if profile
                .problems()
                .iter()
                .any(|problem| problem.key == "scenarios")
            {
                return refuse("the profile has nothing but administrators, who cannot come here");
            }
        }
        let spec =
            Spec::parse(shipped::OBJECTIVES).context("the objectives that were compiled in")?;
        Ok(Self {
            thresholds: profile
                .thresholds
                .clone()
                .unwrap_or_else(|| from_objectives(&spec)),
            out: folder(&lab, wish, &profile)?,
            rate_max: if wish.find_knee { wish.rate()? } else { None },
            lab,
            target,
            profile,
            repeats,
        })
    }
}

fn folder(lab: &Lab, wish: &Wish, profile: &Profile) -> anyhow::Result<PathBuf> {
    let stamp = Utc::now().format("%Y%m%d-%H%M%S");
    let default = || {
        lab.home
            .state
            .join("load")
            .join(format!("{}-{stamp}", profile.name))
    };
    let out = wish.out.clone().unwrap_or_else(default);
    match fs::create_dir_all(&out) {
        Ok(()) => Ok(out),
        Err(error) => refuse(format!("--out {} cannot be made: {error}", out.display())),
    }
}
