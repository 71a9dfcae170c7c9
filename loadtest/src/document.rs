//! What is written to disk: all runs of one command with the books and the verdict, from which everything that was
//! printed can be computed again.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    knee::Curve,
    noise::{Repeated, repeated},
    report::{FORM, Report, Verdict},
};

/// The name of the file.
pub const FILE: &str = "report.json";

/// Everything that one command found out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The form of this file.
    pub form: u32,
    /// Of all runs and the books together.
    pub verdict: Verdict,
    /// The runs, in the order in which they were made.
    pub runs: Vec<Report>,
    /// Figures of all runs together.
    pub repeated: BTreeMap<String, Repeated>,
    /// The books afterwards; none where they are not ours to read.
    pub books: Option<Books>,
    /// How latency grows with the rate, after a search for the knee.
    pub knee: Option<Curve>,
}

/// What the auditor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    /// Whether every check holds.
    pub balanced: bool,
    /// Each check: its name, whether it holds, what was compared.
    pub checks: Vec<(String, bool, String)>,
}

impl Document {
    /// Puts the verdict together: one run that failed, or books that do not balance, fail the whole.
    #[must_use]
    pub fn new(runs: Vec<Report>, books: Option<Books>, knee: Option<Curve>) -> Self {
        let verdicts: Vec<Verdict> = runs.iter().map(Report::verdict).collect();
        let unbalanced = books.as_ref().is_some_and(|books| !books.balanced);
        // In a search it is the point of most runs to fail; what counts is whether anything held at all.
        let failed = match &knee {
            Some(curve) => curve.knee.is_none(),
            None => verdicts.contains(&Verdict::Failed),
        };
        let verdict = if verdicts.iter().all(|one| *one == Verdict::NoData) {
            Verdict::NoData
        } else if failed || unbalanced {
            Verdict::Failed
        } else {
            Verdict::Passed
        };
        Self {
            form: FORM,
            verdict,
            repeated: repeated(&runs),
            runs,
            books,
            knee,
        }
    }

    /// Reads a file, or the one in a folder.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = if path.is_dir() {
            path.join(FILE)
        } else {
            path.to_owned()
        };
        let shown = file.display();
        let text = std::fs::read_to_string(&file).with_context(|| {
            format!("{shown} cannot be read; name a folder that `faultline load` wrote (--out), or its {FILE}")
        })?;
        let document: Self = serde_json::from_str(&text)
            .with_context(|| format!("{shown} is no report of `faultline load`"))?;
        ensure!(
            document.form == FORM,
            "{shown} has form {}, and this version reads form {FORM}",
            document.form
        );
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{answer, finished, report};

    #[test]
    fn books_that_do_not_balance_fail_a_run_that_passed() {
        let good = report(&finished(|recorder, start| {
            answer(recorder, start, 0, None)
        }));
        let books = |balanced| {
            Some(Books {
                balanced,
                checks: Vec::new(),
            })
        };
        let verdict = |runs, books| Document::new(runs, books, None).verdict;
        assert_eq!(verdict(vec![good.clone()], books(true)), Verdict::Passed);
        assert_eq!(verdict(vec![good], books(false)), Verdict::Failed);
        let nothing = report(&finished(|_, _| {}));
        assert_eq!(verdict(vec![nothing], books(true)), Verdict::NoData);
    }

    #[test]
    fn something_else_is_not_taken_for_a_report() {
        let folder = std::env::temp_dir().join(format!("document-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        assert!(
            Document::read(&folder)
                .unwrap_err()
                .to_string()
                .contains("--out")
        );
        std::fs::write(folder.join(FILE), "{\"form\": 1}").unwrap();
        assert!(
            Document::read(&folder)
                .unwrap_err()
                .to_string()
                .contains("no report")
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
