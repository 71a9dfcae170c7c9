//! A wish that makes no sense, refused before anything is sent: exit code 104.

use std::fmt;

/// What is wrong, and what to do instead.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// The same as an error.
pub(super) fn refuse<T>(text: impl Into<String>) -> anyhow::Result<T> {
    Err(Refusal(text.into()).into())
}
