//! What is wrong with an experiment, and where.

use std::fmt;

use loadtest::words::nearest;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// Line of the file, from 1.
    pub line: usize,
    /// What, and what was probably meant.
    pub text: String,
}

impl Mistake {
    pub(crate) fn new(line: usize, text: impl Into<String>) -> Self {
        Self {
            line,
            text: text.into(),
        }
    }
}

/// Why a text is no experiment: every mistake, by line. Nothing was injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The file.
    pub file: String,
    /// At least one.
    pub mistakes: Vec<Mistake>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |one: &Mistake| format!("{}:{}: {}", self.file, one.line, one.text);
        let lines: Vec<String> = self.mistakes.iter().map(line).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Invalid {}

/// `there is no fault "latncy"; did you mean latency? there are: …`
#[must_use]
pub fn unknown(what: &str, given: &str, known: &[&str]) -> String {
    let hint = nearest(given, known.iter().copied());
    let hint = hint.map_or_else(String::new, |word| format!("; did you mean {word}?"));
    format!(
        "there is no {what} {given:?}{hint} (there are: {})",
        known.join(", ")
    )
}
