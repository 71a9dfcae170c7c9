//! What comes next in a run, and what has come of it so far: a state machine without clock, network or processes.
//!
//! gate (does the steady state hold?) → method, while background activities go on → gather them → does the steady state
//! hold again? → rollbacks. What is left after an interruption are the rollbacks.

mod facts;

use std::collections::VecDeque;
use std::time::Duration;

pub use facts::{Facts, Interruption, Look, Outcome};

use crate::experiment::{Looks, Undo};

/// What the machine needs to know of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Probes of the hypothesis.
    pub probes: usize,
    /// Activities of the method.
    pub method: Vec<StepShape>,
    /// Rollbacks.
    pub rollbacks: Vec<StepShape>,
    /// When the hypothesis is looked at.
    pub looks: Looks,
    /// When rollbacks are run.
    pub undo: Undo,
}

/// One activity.
#[derive(Debug, Clone, PartialEq)]
pub struct StepShape {
    /// For what is said about it.
    pub name: String,
    /// Does it do something?
    pub is_action: bool,
    /// The next one does not wait for it.
    pub background: bool,
    /// Before it.
    pub before: Duration,
    /// After it.
    pub after: Duration,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Do {
    /// Look at a probe of the hypothesis, before the method or after it.
    Look(When, usize),
    /// Begin to look at the hypothesis all the time.
    Watch,
    /// Wait.
    Pause(Duration),
    /// Do this of the method, and wait for it.
    Act(usize),
    /// Begin this of the method, and go on.
    Begin(usize),
    /// Wait for what was begun, and end the watching.
    Gather,
    /// Undo.
    Undo(usize),
    /// It is over.
    Done,
}

/// Before the method or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The gate.
    Before,
    /// The proof.
    After,
}

/// The machine.
#[derive(Debug)]
pub struct Machine {
    shape: Shape,
    todo: VecDeque<Do>,
    now: Do,
    stage: Stage,
    facts: Facts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Stage {
    Gate,
    Method,
    Proof,
    Rollbacks,
}

impl Machine {
    /// At the beginning.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let gate = shape.looks.before() && shape.probes > 0;
        let mut machine = Self {
            shape,
            todo: VecDeque::new(),
            now: Do::Done,
            stage: Stage::Gate,
            facts: Facts::default(),
        };
        if gate {
            machine.look(When::Before);
        } else {
            machine.enter_method();
        }
        machine
    }

    /// What is to be done now. Ask again after each [`Machine::told`].
    pub fn step(&mut self) -> Do {
        loop {
            if let Some(next) = self.todo.pop_front() {
                self.now = next;
                return next;
            }
            match self.stage {
                Stage::Gate => match self.facts.gate {
                    Look::NotMet | Look::Blind => self.enter_rollbacks(),
                    Look::None | Look::Met => self.enter_method(),
                },
                Stage::Method => self.enter_proof(),
                Stage::Proof => self.enter_rollbacks(),
                Stage::Rollbacks => {
                    self.now = Do::Done;
                    return Do::Done;
                }
            }
        }
    }

    /// May it be interrupted now? Rollbacks may not.
    #[must_use]
    pub fn is_interruptible(&self) -> bool {
        self.stage < Stage::Rollbacks
    }

    /// What came of the activity that [`Machine::step`] asked for.
    pub fn told(&mut self, outcome: Outcome) {
        match self.now {
            Do::Look(When::Before, _) => {
                self.facts.gate = self.looked(outcome, self.facts.gate);
            }
            Do::Look(When::After, _) => {
                self.facts.proof = self.looked(outcome, self.facts.proof);
            }
            Do::Act(index) => self.acted(index, outcome),
            Do::Undo(index) if outcome == Outcome::Failed => {
                let name = self.shape.rollbacks[index].name.clone();
                self.facts.not_undone.push(name);
            }
            _ => {}
        }
    }

    /// What came of an activity of the method, also of one in the background.
    pub fn acted(&mut self, index: usize, outcome: Outcome) {
        let step = &self.shape.method[index];
        let list = match (outcome, step.is_action) {
            (Outcome::Failed, true) => &mut self.facts.not_done,
            (Outcome::Failed, false) => &mut self.facts.blind,
            (Outcome::Done(Some(false)), _) => &mut self.facts.out_of_tolerance,
            (Outcome::Done(_), _) => return,
        };
        list.push(step.name.clone());
    }

    /// A look at the whole hypothesis while the method runs.
    pub fn watched(&mut self, met: bool) {
        self.facts.watched.0 += 1;
        self.facts.watched.1 += usize::from(!met);
    }

    /// It ends early: only rollbacks are left.
    pub fn interrupt(&mut self, why: Interruption) {
        if self.is_interruptible() {
            self.facts.interruption = Some(why);
            self.enter_rollbacks();
        }
    }

    /// What has come of it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The first probe that is out of tolerance ends the looking.
    fn looked(&mut self, outcome: Outcome, before: Look) -> Look {
        let now = match outcome {
            Outcome::Done(Some(true) | None) if matches!(before, Look::None | Look::Met) => {
                return Look::Met;
            }
            Outcome::Done(Some(true) | None) => before,
            Outcome::Done(Some(false)) => Look::NotMet,
            Outcome::Failed => Look::Blind,
        };
        self.todo.clear();
        now
    }

    fn look(&mut self, when: When) {
        self.todo = (0..self.shape.probes)
            .map(|index| Do::Look(when, index))
            .collect();
    }

    fn enter_method(&mut self) {
        self.stage = Stage::Method;
        self.todo.clear();
        if self.shape.looks.during() && self.shape.probes > 0 {
            self.todo.push_back(Do::Watch);
        }
        for (index, step) in self.shape.method.iter().enumerate() {
            let act = if step.background {
                Do::Begin(index)
            } else {
                Do::Act(index)
            };
            self.todo.extend(with_pauses(step, act));
        }
        self.todo.push_back(Do::Gather);
    }

    fn enter_proof(&mut self) {
        self.stage = Stage::Proof;
        if self.shape.looks.after() {
            self.look(When::After);
        }
    }

    fn enter_rollbacks(&mut self) {
        self.stage = Stage::Rollbacks;
        self.todo.clear();
        let deviated = matches!(self.facts.proof, Look::NotMet | Look::Blind);
        let wanted = match self.shape.undo {
            Undo::Always => true,
            Undo::Never => false,
            Undo::Deviated => deviated,
        };
        if wanted {
            for (index, step) in self.shape.rollbacks.iter().enumerate() {
                self.todo.extend(with_pauses(step, Do::Undo(index)));
            }
        }
    }
}

fn with_pauses(step: &StepShape, act: Do) -> impl Iterator<Item = Do> {
    let pause = |time: Duration| (!time.is_zero()).then_some(Do::Pause(time));
    let (before, after) = (pause(step.before), pause(step.after));
    before.into_iter().chain([act]).chain(after)
}

#[cfg(test)]
mod tests;
