//! From what was written to what will be done: settings are read, names replaced, faults understood. All that can be
//! wrong is found here, before anything is touched.

mod replaced;
mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use self::replaced::{command, request, seconds};
use crate::experiment::{Activity, ActivityKind, Experiment, Provider};
use crate::hands::Hands;
use crate::machine::{Shape, StepShape};
use crate::mistake::{Invalid, Mistake};
use crate::provider::{Command, Request};
use crate::substitute::{self, Values};
use crate::tolerance::Tolerance;

/// The program that breaks the lab.
pub const OWN_PROGRAM: &str = "faultline";
/// Longer than any pause that makes sense.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);

/// Where a run happens.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Variables by name: for configuration, and for processes.
    pub variables: BTreeMap<String, String>,
    /// What `faultline` is.
    pub own_program: PathBuf,
}

/// An experiment that can be run.
#[derive(Debug)]
pub struct Prepared<F> {
    /// What was written.
    pub experiment: Experiment,
    pub(crate) probes: Vec<Step<F>>,
    pub(crate) method: Vec<Step<F>>,
    pub(crate) rollbacks: Vec<Step<F>>,
}

/// One activity, ready to be done.
#[derive(Debug)]
pub(crate) struct Step<F> {
    pub(crate) document: Value,
    pub(crate) doing: Doing<F>,
    pub(crate) is_action: bool,
    pub(crate) tolerance: Option<Tolerance>,
    shape: StepShape,
}

#[derive(Debug)]
pub(crate) enum Doing<F> {
    Request(Request),
    Command(Command),
    Fault(F),
}

impl<F> Prepared<F> {
    pub(crate) fn shape(&self) -> Shape {
        let shapes = |steps: &[Step<F>]| steps.iter().map(|step| step.shape.clone()).collect();
        Shape {
            probes: self.probes.len(),
            method: shapes(&self.method),
            rollbacks: shapes(&self.rollbacks),
            looks: self.experiment.looks,
            undo: self.experiment.undo,
        }
    }

    /// The faults that it injects, in the order of the file.
    pub fn faults(&self) -> impl Iterator<Item = &F> {
        let all = self.method.iter().chain(&self.rollbacks);
        all.filter_map(|step| match &step.doing {
            Doing::Fault(fault) => Some(fault),
            _ => None,
        })
    }
}

/// Makes an experiment ready. Probes that configuration asks for are asked.
///
/// # Errors
/// Every mistake with its line; nothing was injected.
pub async fn prepare<H: Hands>(
    file: &str,
    experiment: Experiment,
    hands: &H,
    place: &Place,
) -> Result<Prepared<H::Fault>, Invalid> {
    let mut mistakes = Vec::new();
    let mut values = Values::new();
    for setting in &experiment.settings {
        // Those of the configuration come first, and count.
        match settings::resolved(setting, &values, place).await {
            Ok(value) => {
                values.entry(setting.name.clone()).or_insert(value);
            }
            Err(text) => mistakes.push(Mistake::new(setting.line, text)),
        }
    }
    let empty: &[Activity] = &[];
    let probes = experiment
        .hypothesis
        .as_ref()
        .map_or(empty, |one| &one.probes);
    let mut preparing = Preparing {
        hands,
        place,
        values: &values,
        mistakes: &mut mistakes,
    };
    let probes = preparing.steps(probes).await;
    let method = preparing.steps(&experiment.method).await;
    let rollbacks = preparing.steps(&experiment.rollbacks).await;
    if mistakes.is_empty() {
        return Ok(Prepared {
            experiment,
            probes,
            method,
            rollbacks,
        });
    }
    mistakes.sort();
    Err(Invalid {
        file: file.to_owned(),
        mistakes,
    })
}

struct Preparing<'a, H> {
    hands: &'a H,
    place: &'a Place,
    values: &'a Values,
    mistakes: &'a mut Vec<Mistake>,
}

impl<H: Hands> Preparing<'_, H> {
    async fn steps(&mut self, activities: &[Activity]) -> Vec<Step<H::Fault>> {
        let mut steps = Vec::with_capacity(activities.len());
        for activity in activities {
            let wrong =
                |text: String| Mistake::new(activity.line, format!("{}: {text}", activity.name));
            match self.step(activity).await {
                Ok(step) => steps.push(step),
                Err((Some(line), text)) => self.mistakes.push(Mistake::new(line, text)),
                Err((None, text)) => self.mistakes.push(wrong(text)),
            }
        }
        steps
    }

    async fn step(&self, activity: &Activity) -> Result<Step<H::Fault>, (Option<usize>, String)> {
        let here = |text: String| (None, text);
        let is_action = activity.kind == ActivityKind::Action;
        let pause = |given: &Option<Value>| self.pause(given.as_ref()).map_err(here);
        let shape = StepShape {
            name: substitute::text(&activity.name, self.values),
            is_action,
            background: activity.background,
            before: pause(&activity.pause_before)?,
            after: pause(&activity.pause_after)?,
        };
        Ok(Step {
            document: activity.document.clone(),
            doing: self.doing(&activity.provider, is_action).await?,
            is_action,
            tolerance: activity
                .tolerance
                .as_ref()
                .map(|one| one.replaced(self.values)),
            shape,
        })
    }

    async fn doing(
        &self,
        provider: &Provider,
        is_action: bool,
    ) -> Result<Doing<H::Fault>, (Option<usize>, String)> {
        match provider {
            Provider::Http(http) => request(http, self.values, is_action)
                .map(Doing::Request)
                .map_err(|text| (None, text)),
            Provider::Process(process) => {
                let command = command(process, self.values, self.place);
                let command = command.map_err(|text| (Some(process.line), text))?;
                let ours = substitute::text(&process.path, self.values) == OWN_PROGRAM;
                let fault = if ours {
                    self.hands.understand(command.words()).await
                } else {
                    Ok(None)
                };
                match fault.map_err(|text| (Some(process.line), text))? {
                    Some(fault) => Ok(Doing::Fault(fault)),
                    None => Ok(Doing::Command(command)),
                }
            }
        }
    }

    fn pause(&self, given: Option<&Value>) -> Result<Duration, String> {
        let Some(given) = given else {
            return Ok(Duration::ZERO);
        };
        seconds(&substitute::value(given, self.values))
            .filter(|pause| *pause <= PAUSE_MAX)
            .ok_or_else(|| format!("a pause of {given} is no number of seconds up to 3600"))
    }
}
