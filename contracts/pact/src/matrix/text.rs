//! The matrix for people.

use std::fmt::{self, Display, Formatter};

use super::{Matrix, Row};
use crate::pact::Edition;

impl Edition {
    /// In words.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Released => "last release",
        }
    }
}

impl Display for Matrix {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<13} {:<13} {:<13} {:>10} {:>8}  together?",
            "provider", "consumer", "of", "exchanges", "ms"
        )?;
        for row in &self.rows {
            let milliseconds: u64 = row.outcomes.iter().map(|one| one.milliseconds).sum();
            writeln!(
                f,
                "{:<13} {:<13} {:<13} {:>10} {milliseconds:>8}  {}",
                row.provider,
                row.consumer,
                row.edition.in_words(),
                row.outcomes.len(),
                if row.is_good() { "yes" } else { "NO" },
            )?;
        }
        for row in self.rows.iter().filter(|row| !row.is_good()) {
            explain(f, row)?;
        }
        Ok(())
    }
}

fn explain(f: &mut Formatter<'_>, row: &Row) -> fmt::Result {
    let edition = row.edition.in_words();
    writeln!(f, "\n{} breaks {} ({edition}):", row.provider, row.consumer)?;
    for outcome in row.outcomes.iter().filter(|outcome| !outcome.is_good()) {
        writeln!(f, "  {} ({})", outcome.description, outcome.test)?;
        for difference in &outcome.differences {
            writeln!(f, "    {difference}")?;
        }
    }
    Ok(())
}
