//! A profile as it is written: what it does not know it refuses, with the line and the nearest word that it does know.

mod stages;

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

use self::stages::{StageFile, stages_of};
use super::{IN_FLIGHT_MAX, Model, Problem, Profile, Share};
use crate::{
    scenario::Kind,
    schedule::{Schedule, Stage},
    threshold::{Threshold, from_objectives},
    words,
};

/// Why a text is no profile: every mistake with its line, one below the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What was read: a path, or a profile's name.
    pub source: String,
    /// Line, from 1, and what is wrong there.
    pub mistakes: Vec<(usize, String)>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |(line, text): &(usize, String)| format!("{}:{line}: {text}", self.source);
        let lines: Vec<String> = self.mistakes.iter().map(line).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Invalid {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    description: String,
    model: ModelName,
    users: Option<usize>,
    ramp_up: Option<Length>,
    rate: Option<f64>,
    stages: Option<Vec<StageFile>>,
    customers: Option<usize>,
    in_flight_max: Option<usize>,
    warm_up: Option<Length>,
    duration: Option<Length>,
    think_time: Option<f64>,
    hot_products: Option<usize>,
    scenarios: BTreeMap<Kind, ShareFile>,
    thresholds: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum ModelName {
    Open,
    Closed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareFile {
    weight: u32,
    think: Option<Span>,
}

/// `30s`.
#[derive(Clone, Copy)]
struct Length(Duration);

/// `2s-8s`.
#[derive(Clone, Copy)]
struct Span(Duration, Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        words::duration(&text).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (from, to) = text.split_once('-').unwrap_or((&text, &text));
        let read = |text: &str| words::duration(text).map_err(D::Error::custom);
        let (from, to) = (read(from)?, read(to)?);
        if from > to {
            return Err(D::Error::custom(format!("{text:?} ends before it begins")));
        }
        Ok(Self(from, to))
    }
}

pub(super) fn parse(name: &str, text: &str) -> Result<Profile, Invalid> {
    let invalid = |mistakes| Invalid {
        source: name.to_owned(),
        mistakes,
    };
    let file: File = serde_norway::from_str(text).map_err(|error| {
        let message = error.to_string();
        // Our own complaints begin with what they complain about, and come without the right place.
        let line = match message
            .strip_prefix('"')
            .and_then(|rest| rest.split('"').next())
        {
            Some(quoted) => line_with(text, quoted),
            None => error.location().map_or(1, |place| place.line()),
        };
        invalid(vec![(line, with_hint(&message))])
    })?;
    let profile = file
        .profile(name)
        .map_err(|problems| invalid(placed(text, &problems)))?;
    let problems = profile.problems();
    if problems.is_empty() {
        Ok(profile)
    } else {
        Err(invalid(placed(text, &problems)))
    }
}

/// Each problem with the line on which its field stands, or the first where it is missing.
fn placed(text: &str, problems: &[Problem]) -> Vec<(usize, String)> {
    let line_of = |key: &str| {
        let is_key = |line: &str| {
            let line = line.trim_start_matches([' ', '-']);
            line.strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
        };
        text.lines().position(is_key).map_or(1, |index| index + 1)
    };
    let place = |problem: &Problem| {
        (
            line_of(problem.key),
            format!("{} {}", problem.key, problem.text),
        )
    };
    problems.iter().map(place).collect()
}

/// The first line that has these words.
fn line_with(text: &str, words: &str) -> usize {
    let found = text.lines().position(|line| line.contains(words));
    found.map_or(1, |index| index + 1)
}

/// serde names the wrong word and the right ones between backticks; the nearest right one is added. Its "at line" is left
/// out, for the line stands in front.
fn with_hint(message: &str) -> String {
    let message = message.split(" at line ").next().unwrap_or(message);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (Some((wrong, right)), true) = (quoted.split_first(), message.contains("unknown ")) else {
        return message.to_owned();
    };
    match words::nearest(wrong, right.iter().copied()) {
        Some(near) => format!("{message}; did you mean `{near}`?"),
        None => message.to_owned(),
    }
}

impl File {
    fn profile(self, name: &str) -> Result<Profile, Vec<Problem>> {
        let mut found = Vec::new();
        let thresholds = self.thresholds(&mut found);
        let (duration, schedule) = self.when(&mut found);
        let share = |share: &ShareFile| Share {
            weight: share.weight,
            think: share.think.map(|Span(from, to)| (from, to)),
        };
        let scenarios = self.scenarios.iter().map(|(kind, one)| (*kind, share(one)));
        let mut profile = Profile {
            name: name.to_owned(),
            description: self.description.clone(),
            model: Model::Closed {
                users: self.users.unwrap_or_default(),
                ramp_up: self.ramp_up.map_or(Duration::ZERO, |length| length.0),
            },
            warm_up: self.warm_up.map_or(Duration::ZERO, |length| length.0),
            duration,
            think_time: self.think_time.unwrap_or(1.0),
            hot_products: self.hot_products,
            scenarios: scenarios.collect(),
            thresholds,
            seed: None,
        };
        if let Some(schedule) = schedule {
            let customers = self
                .customers
                .unwrap_or_else(|| profile.customers_for(schedule.peak()));
            profile.model = Model::Open {
                customers,
                in_flight_max: self.in_flight_max.unwrap_or(IN_FLIGHT_MAX),
                schedule,
            };
        }
        if found.is_empty() {
            Ok(profile)
        } else {
            Err(found)
        }
    }

    /// How long it is measured, and for the open model when arrivals are due.
    fn when(&self, found: &mut Vec<Problem>) -> (Duration, Option<Schedule>) {
        let mut wrong = |key, text: &str| {
            found.push(Problem {
                key,
                text: text.to_owned(),
            });
        };
        let duration = self.duration.map(|length| length.0);
        if self.model == ModelName::Closed {
            let given = [
                ("rate", self.rate.is_some()),
                ("stages", self.stages.is_some()),
                ("customers", self.customers.is_some()),
                ("in_flight_max", self.in_flight_max.is_some()),
            ];
            for (key, _) in given.iter().filter(|(_, given)| *given) {
                wrong(
                    key,
                    "belongs to `model: open`; a closed model has `users` and `ramp_up`",
                );
            }
            if self.users.is_none() {
                wrong("model", "is closed, so say how many `users` there are");
            }
            if duration.is_none() {
                wrong(
                    "model",
                    "is closed, so say with `duration` how long it is measured",
                );
            }
            return (duration.unwrap_or_default(), None);
        }
        for (key, given) in [
            ("users", self.users.is_some()),
            ("ramp_up", self.ramp_up.is_some()),
        ] {
            if given {
                wrong(
                    key,
                    "belongs to `model: closed`; an open model has `rate` or `stages`",
                );
            }
        }
        let stages = match (self.rate, duration, &self.stages) {
            (Some(rate), Some(duration), None) => vec![Stage::constant(rate, duration)],
            (None, None, Some(stages)) => match stages_of(stages) {
                Ok(stages) => stages,
                Err(text) => {
                    wrong("stages", &text);
                    Vec::new()
                }
            },
            _ => {
                wrong(
                    "model",
                    "is open, so give either `rate` and `duration`, or `stages`",
                );
                Vec::new()
            }
        };
        let schedule = Schedule::new(stages);
        (schedule.length(), Some(schedule))
    }

    fn thresholds(&self, found: &mut Vec<Problem>) -> Option<Vec<Threshold>> {
        let mut thresholds = Vec::new();
        for text in self.thresholds.as_ref()? {
            if text == "slo" {
                let spec = slo::Spec::parse(slo::shipped::OBJECTIVES).expect("a test reads it");
                thresholds.extend(from_objectives(&spec));
                continue;
            }
            match text.parse() {
                Ok(threshold) => thresholds.push(threshold),
                Err(text) => found.push(Problem {
                    key: "thresholds",
                    text: format!("has a mistake: {text}"),
                }),
            }
        }
        Some(thresholds)
    }
}
