//! What a long operation says while it works; how it looks is the caller's business.

/// One thing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A sentence for a person: what happens next and why.
    Say(String),
    /// A line that a program printed on the way.
    Line(String),
    /// `done` of `total` units of work, and the unit at hand.
    Step {
        /// Units finished.
        done: u32,
        /// Units in all; may grow while the work is being planned.
        total: u32,
        /// What is being worked on.
        what: String,
    },
}

/// Where progress is reported to.
pub type Report<'a> = &'a mut (dyn FnMut(Progress) + Send);
