//! What an experiment's extension names must be there in this lab: edges, services, scenarios of the load.

use engine::experiment::Extension;
use engine::mistake::unknown;
use engine::{Experiment, Invalid, Mistake};
use loadtest::scenario::Kind;

use super::super::{arm, crowd};
use super::Job;
use crate::edges;

/// Names every one that is not, with its line and the nearest that is.
pub(super) fn check(job: &Job, experiment: &Experiment) -> Result<(), Invalid> {
    let Some(extension) = &experiment.extension else {
        return Ok(());
    };
    let mistakes: Vec<Mistake> = breakers(job, extension)
        .into_iter()
        .chain(services(extension))
        .chain(scenarios(extension))
        .collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Invalid {
        file: job.source.file.clone(),
        mistakes,
    })
}

fn breakers(job: &Job, extension: &Extension) -> Vec<Mistake> {
    let edges = edges::all(&job.lab);
    let edges: Vec<&str> = edges.iter().map(|wire| wire.name.as_str()).collect();
    let edge = |(line, name): &(usize, String)| {
        let text = unknown("edge", name, &edges);
        (!edges.contains(&name.as_str())).then_some(Mistake { line: *line, text })
    };
    extension.breakers_open.iter().filter_map(edge).collect()
}

fn services(extension: &Extension) -> Vec<Mistake> {
    let rises = extension.rises.iter().map(|one| (one.line, &one.service));
    let without = extension.without.iter().map(|one| (one.line, &one.service));
    let mistake = |(line, service): (usize, &String)| {
        let text = arm::service(service).err()?.to_string();
        Some(Mistake { line, text })
    };
    rises.chain(without).filter_map(mistake).collect()
}

fn scenarios(extension: &Extension) -> Vec<Mistake> {
    let known = Kind::ALL.map(Kind::as_str);
    let load = extension.load.iter().flat_map(|load| &load.scenarios);
    let mistake = |(line, name, _): &(usize, String, u32)| {
        let text = unknown("scenario", name, &known);
        crowd::kind(name)
            .is_none()
            .then_some(Mistake { line: *line, text })
    };
    load.filter_map(mistake).collect()
}
