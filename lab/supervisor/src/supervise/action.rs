//! What can be done to a process, by its word.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What can be done to a process by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// SIGKILL to its whole tree. It comes back, counted; with a lease, once that is over.
    Kill,
    /// SIGSTOP to its whole tree: it keeps its connections and answers nothing. With a lease, until that is over.
    Pause,
    /// SIGCONT; ends the lease of a kill as well.
    Resume,
    /// A graceful stop and a fresh start, not counted.
    Restart,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Restart => "restart",
        })
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Kill, Self::Pause, Self::Resume, Self::Restart]
            .into_iter()
            .find(|action| action.to_string() == word)
            .ok_or_else(|| format!("{word:?} is not one of kill, pause, resume, restart"))
    }
}
