//! The answer of a command as its exit code.

use std::process::ExitCode;

/// What a command has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 0: done, or the answer is yes.
    Yes,
    /// 1: the answer is no; what was printed says why.
    No,
    /// 2: it could not look: wrong usage, no lab, no permission.
    CouldNotLook,
    /// The exit code of a command that was run on somebody's behalf.
    Of(u8),
}

impl Verdict {
    /// Yes if it holds.
    #[must_use]
    pub fn from_bool(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        Self::from(match verdict {
            Verdict::Yes => 0,
            Verdict::No => 1,
            Verdict::CouldNotLook => 2,
            Verdict::Of(code) => code,
        })
    }
}
