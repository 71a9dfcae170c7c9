//! Whoever breaks the lab on the engine's behalf. The engine knows when and what for; hands know the lab, and how to heal
//! it whatever becomes of the run.

use std::fmt::Display;

use serde_json::Value;

/// Breaks what it is told to.
pub trait Hands: Send + Sync + 'static {
    /// A fault that was understood.
    type Fault: Clone + Display + Send + Sync + 'static;

    /// What the words of a `faultline …` command would break; none when they break nothing, such as `audit`.
    ///
    /// # Errors
    /// Words that make no sense, with the nearest that would.
    fn understand(
        &self,
        words: &[String],
    ) -> impl Future<Output = Result<Option<Self::Fault>, String>> + Send;

    /// Does it.
    ///
    /// # Errors
    /// It was not done.
    fn inject(&self, fault: &Self::Fault) -> impl Future<Output = Result<Value, String>> + Send;
}
