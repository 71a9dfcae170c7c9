//! From options to a profile that makes sense.

use std::{path::Path, time::Duration};

use loadtest::{dice::Seed, profile::Profile, words};

use super::{Wish, profiles, refusal::refuse};

/// Without --profile.
const DEFAULT: &str = "smoke";
/// The mix in which one request in ten is a checkout.
const KNEE: &str = "stress";
/// More repeats than this are a soak, for which there is a profile.
const REPEATS_MAX: u32 = 50;

impl Wish {
    /// The profile with the options applied.
    ///
    /// # Errors
    /// An option that makes no sense.
    pub(super) fn profile(&self, repo: Option<&Path>) -> anyhow::Result<Profile> {
        if self.users.is_some() && self.rate.is_some() {
            return refuse("--users is the closed model and --rate the open one; give one of them");
        }
        if self.users.is_some() && self.find_knee {
            return refuse("--find-knee searches for a rate; leave --users out");
        }
        let default = if self.find_knee { KNEE } else { DEFAULT };
        let mut profile = profiles::find(self.profile.as_deref().unwrap_or(default), repo)?;
        if let Some(users) = number("--users", self.users.as_deref())? {
            // A fraction of a user is refused like zero users.
            profile = profile.with_users(if users.fract() == 0.0 {
                users as usize
            } else {
                0
            });
        }
        if let Some(duration) = self.duration()? {
            profile = profile.with_duration(duration);
        }
        if let Some(rate) = number("--rate", self.rate.as_deref())? {
            profile = profile.with_rate(rate);
        }
        profile.seed = self.seed()?;
        let problems = profile.problems();
        if !problems.is_empty() {
            let line =
                |problem: &loadtest::profile::Problem| format!("{} {}", problem.key, problem.text);
            let lines: Vec<String> = problems.iter().map(line).collect();
            return refuse(lines.join("\n"));
        }
        Ok(profile)
    }

    /// --duration.
    ///
    /// # Errors
    /// It is no length of time.
    pub(super) fn duration(&self) -> anyhow::Result<Option<Duration>> {
        match self.duration.as_deref().map(words::duration).transpose() {
            Ok(Some(duration)) if duration < Duration::from_secs(1) => {
                refuse("--duration is shorter than a second; give for example 30s")
            }
            Ok(duration) => Ok(duration),
            Err(text) => refuse(format!("--duration {text}")),
        }
    }

    fn seed(&self) -> anyhow::Result<Option<Seed>> {
        match self.seed.as_deref().map(str::parse) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(Seed(number))),
            Some(Err(_)) => {
                let text = self.seed.as_deref().unwrap_or_default();
                refuse(format!("--seed is {text:?}; give a whole number from 0"))
            }
        }
    }

    /// --rate as a number.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn rate(&self) -> anyhow::Result<Option<f64>> {
        number("--rate", self.rate.as_deref())
    }

    /// --repeat.
    ///
    /// # Errors
    /// It is not a number of runs.
    pub(super) fn repeats(&self) -> anyhow::Result<u32> {
        match number("--repeat", self.repeat.as_deref())? {
            None => Ok(1),
            Some(_) if self.find_knee => {
                refuse("--repeat and --find-knee do not go together: the search makes its own runs")
            }
            Some(count)
                if count.fract() == 0.0 && (1.0..=f64::from(REPEATS_MAX)).contains(&count) =>
            {
                Ok(count as u32)
            }
            Some(count) => refuse(format!("--repeat is {count}; give 1 to {REPEATS_MAX}")),
        }
    }
}

fn number(option: &str, text: Option<&str>) -> anyhow::Result<Option<f64>> {
    let Some(text) = text else { return Ok(None) };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(Some(number)),
        _ => refuse(format!("{option} is {text:?}; give a number above 0")),
    }
}
