//! What is written down of a run: Chaos Toolkit's journal, key by key, and our findings under `x-faultline`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::experiment::Experiment;
use crate::machine::{Look, Outcome};
use crate::runner::Run;
use crate::verdict;

/// An activity that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// As it was written.
    pub activity: Value,
    /// From when to when.
    pub span: (DateTime<Utc>, DateTime<Utc>),
    /// Whether it lay within its tolerance, if it has one, and what was found; or why it failed.
    pub found: Result<(Option<bool>, Value), String>,
}

impl Record {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.activity["name"].as_str().unwrap_or_default()
    }

    /// For the machine.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match &self.found {
            Ok((met, _)) => Outcome::Done(*met),
            Err(_) => Outcome::Failed,
        }
    }

    fn entry(&self) -> Value {
        let mut entry = Map::new();
        let mut set = |name: &str, value: Value| entry.insert(name.to_owned(), value);
        set("activity", self.activity.clone());
        match &self.found {
            Ok((met, found)) => {
                set("output", found.clone());
                set("status", "succeeded".into());
                if let Some(met) = met {
                    set("tolerance_met", (*met).into());
                }
            }
            Err(error) => {
                set("output", Value::Null);
                set("status", "failed".into());
                set("exception", json!([error]));
            }
        }
        set("start", stamp(self.span.0).into());
        set("end", stamp(self.span.1).into());
        set("duration", seconds(self.span).into());
        Value::Object(entry)
    }
}

/// The journal. `ours` is what Chaos Toolkit has no place for.
#[must_use]
pub fn of(experiment: &Experiment, run: &Run, ours: Value) -> Value {
    let entries = |records: &[Record]| -> Value { records.iter().map(Record::entry).collect() };
    let state = |look: Look, records: &[Record]| match look {
        Look::None => Value::Null,
        look => json!({ "steady_state_met": look == Look::Met, "probes": entries(records) }),
    };
    let during = |records: &Vec<Record>| {
        let met = records
            .iter()
            .all(|one| one.outcome() == Outcome::Done(Some(true)));
        json!({ "steady_state_met": met, "probes": entries(records) })
    };
    let (status, deviated) = verdict::of_chaos_toolkit(&run.facts);
    json!({
        "chaoslib-version": concat!("faultline/", env!("CARGO_PKG_VERSION")),
        "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
        "node": node(),
        "experiment": experiment.document,
        "start": stamp(run.span.0),
        "status": status,
        "deviated": deviated,
        "steady_states": {
            "before": state(run.facts.gate, &run.before),
            "after": state(run.facts.proof, &run.after),
            "during": run.during.iter().map(during).collect::<Vec<_>>(),
        },
        "run": entries(&run.method),
        "rollbacks": entries(&run.rollbacks),
        "end": stamp(run.span.1),
        "duration": seconds(run.span),
        "x-faultline": ours,
    })
}

fn stamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, false)
}

fn seconds((from, until): (DateTime<Utc>, DateTime<Utc>)) -> f64 {
    (until - from).as_seconds_f64()
}

fn node() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}
