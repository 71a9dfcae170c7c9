//! Experiments with a verdict. Files are Chaos Toolkit's: those written for it run here, and ours run there.
//!
//! | module | what |
//! |---|---|
//! | [`experiment`] | what is written, read with every mistake's line |
//! | [`tolerance`], [`substitute`] | what a probe may find; `${names}` |
//! | [`mod@prepare`] | everything that can be wrong, found before anything is touched |
//! | [`machine`] | what comes next: a state machine without clock and network |
//! | [`runner`] | does it |
//! | [`hands`] | who breaks the lab: the engine does not know it |
//! | [`customers`] | what customers met meanwhile, from the history that the load has kept |
//! | [`guard`] | stops a run whose blast is larger than declared |
//! | [`verdict`] | what it came to: strict exit codes, and Chaos Toolkit's |
//! | [`journal`], [`report`] | what is written down |
//! | [`schema`], [`shipped`] | the format as a JSON Schema; the experiments of `chaos/experiments` |
//!
//! What Chaos Toolkit does by Python (controls, python providers) does not run here.

pub mod customers;
pub mod experiment;
pub mod guard;
pub mod hands;
pub mod journal;
pub mod machine;
pub mod mistake;
pub mod prepare;
mod provider;
mod read;
pub mod report;
pub mod runner;
pub mod schema;
pub mod shipped;
pub mod substitute;
pub mod tolerance;
mod tree;
pub mod verdict;

pub use experiment::Experiment;
pub use hands::Hands;
pub use mistake::{Invalid, Mistake};
pub use prepare::{Place, Prepared, prepare};
pub use runner::{Run, run};
pub use verdict::Verdict;
