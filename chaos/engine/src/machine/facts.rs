//! What comes of activities and of a run.

/// What came of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done; within its tolerance, if it has one?
    Done(Option<bool>),
    /// It could not be done.
    Failed,
}

/// What the hypothesis came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Look {
    /// Nobody looked.
    #[default]
    None,
    /// All probes within tolerance.
    Met,
    /// One was not.
    NotMet,
    /// One could not look.
    Blind,
}

/// Why a run ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interruption {
    /// The blast was larger than declared; in words.
    Guard(String),
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

/// What has come of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Before the method.
    pub gate: Look,
    /// After it.
    pub proof: Look,
    /// Looks while it ran: how many, and how many were bad.
    pub watched: (usize, usize),
    /// Actions that did not do what they should: whatever followed proves nothing.
    pub not_done: Vec<String>,
    /// Probes of the method that found something else than their tolerance.
    pub out_of_tolerance: Vec<String>,
    /// Probes of the method that could not look.
    pub blind: Vec<String>,
    /// Rollbacks that failed.
    pub not_undone: Vec<String>,
    /// Why it ended early.
    pub interruption: Option<Interruption>,
}
