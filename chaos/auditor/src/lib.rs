//! The auditor: reads every service's database with a read-only role and says whether the books balance.
//!
//! It believes nobody: orders, payments, stock and the provider's own ledger are read from their tables and compared
//! with each other, and, where a client has kept a history, with what it was told. [`books`] loads, [`checks`] compares (pure functions), [`report`] is what people and scripts see.
//! It is the only part of Faultline that reads across services.

pub mod books;
pub mod checks;
pub mod history;
pub mod report;

use std::time::{Duration, Instant};

use thiserror::Error;

pub use self::{
    books::{Books, Sources},
    history::History,
    report::{Check, CounterExample, Report},
};

/// Why nothing can be said.
#[derive(Debug, Error)]
#[error("cannot read the database of {service}")]
pub struct AuditError {
    /// Whose database.
    pub service: &'static str,
    /// The cause.
    #[source]
    pub source: sqlx::Error,
}

/// How often the books are read again while they are not at rest.
const PAUSE: Duration = Duration::from_millis(250);

/// Reads the books and checks them. Invariants hold at rest, so while sagas run or events are under way the books are
/// read again, for at most `patience`; what is still open then counts as a violation.
///
/// # Errors
/// A database cannot be read.
pub async fn audit(sources: &Sources, patience: Duration) -> Result<Report, AuditError> {
    let give_up = Instant::now() + patience;
    loop {
        let books = books::load(sources).await?;
        let report = Report::new(&books, checks::all(&books));
        let hopeless = report
            .checks
            .iter()
            .any(|check| !check.ok && !check.settles);
        if report.balanced || hopeless || Instant::now() >= give_up {
            return Ok(report);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
