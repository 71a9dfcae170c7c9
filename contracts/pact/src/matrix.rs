//! Who can be deployed with whom: one row for each provider, consumer and edition, with what came of each exchange. Kept
//! between runs beside the lab's state, so that the question can be answered without asking everybody again.

mod junit;
mod text;

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    pact::{Edition, Pact},
    verify::Outcome,
};

/// One pact, verified.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Who was asked.
    pub provider: String,
    /// In whose name.
    pub consumer: String,
    /// Which of its editions.
    pub edition: Edition,
    /// Of the pact that was verified.
    pub digest: String,
    /// Each exchange.
    pub outcomes: Vec<Outcome>,
}

/// All rows that are known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Matrix {
    /// By provider, consumer and edition.
    pub rows: Vec<Row>,
}

impl Row {
    /// What came of verifying a pact.
    #[must_use]
    pub fn of(pact: &Pact, outcomes: Vec<Outcome>) -> Self {
        Self {
            provider: pact.provider.clone(),
            consumer: pact.consumer.clone(),
            edition: pact.edition,
            digest: digest(pact),
            outcomes,
        }
    }

    /// Whether the two can run together. A pact without a single exchange shows nothing.
    #[must_use]
    pub fn is_good(&self) -> bool {
        !self.outcomes.is_empty() && self.outcomes.iter().all(Outcome::is_good)
    }

    fn key(&self) -> (&str, &str, Edition) {
        (&self.provider, &self.consumer, self.edition)
    }

    fn is_about(&self, pact: &Pact) -> bool {
        self.key() == (&*pact.provider, &*pact.consumer, pact.edition)
    }
}

fn digest(pact: &Pact) -> String {
    hex::encode(Sha256::digest(pact.document.to_string()))
}

impl Matrix {
    /// What earlier runs found; nothing if there were none.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        match fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).context("the kept matrix is damaged"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("read {}", file.display())),
        }
    }

    /// Keeps it for later.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, file: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(file.parent().context("a file in a folder")?)?;
        fs::write(file, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("write {}", file.display()))
    }

    /// Puts rows in the place of older ones about the same pact.
    pub fn replace(&mut self, rows: &[Row]) {
        let is_kept = |old: &Row| !rows.iter().any(|new| new.key() == old.key());
        self.rows.retain(is_kept);
        self.rows.extend_from_slice(rows);
        self.rows.sort_by(|a, b| a.key().cmp(&b.key()));
    }

    /// Whether every row is good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.rows.iter().all(Row::is_good)
    }

    /// Why a service cannot be deployed beside all others, in words; empty if it can. Counts are the pacts that it takes
    /// part in, on either side: each must have been verified as it is now.
    #[must_use]
    pub fn objections(&self, service: &str, pacts: &[Pact]) -> Vec<String> {
        let concerned = |pact: &&Pact| pact.provider == service || pact.consumer == service;
        let objection = |pact: &Pact| {
            let pair = format!(
                "{} and {} ({})",
                pact.provider,
                pact.consumer,
                pact.edition.in_words()
            );
            match self.rows.iter().find(|row| row.is_about(pact)) {
                None => Some(format!("{pair}: never verified")),
                Some(row) if row.digest != digest(pact) => Some(format!(
                    "{pair}: the pact has changed since it was verified"
                )),
                Some(row) if !row.is_good() => Some(format!("{pair}: broken")),
                Some(_) => None,
            }
        };
        pacts
            .iter()
            .filter(concerned)
            .filter_map(objection)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pact(edition: Edition, word: &str) -> Pact {
        Pact {
            consumer: "order".to_owned(),
            provider: "product".to_owned(),
            edition,
            document: json!({ "interactions": [{ "description": word }] }),
        }
    }

    fn row(pact: &Pact, differences: &[&str]) -> Row {
        let outcome = Outcome {
            description: "a basket".to_owned(),
            test: "order.rs:7".to_owned(),
            differences: differences.iter().map(|&text| text.to_owned()).collect(),
            milliseconds: 1,
        };
        Row::of(pact, vec![outcome])
    }

    #[test]
    fn a_service_can_be_deployed_when_every_pact_of_it_is_verified_as_it_is_now() {
        let pacts = [pact(Edition::Now, "a"), pact(Edition::Released, "a")];
        let mut matrix = Matrix::default();
        matrix.replace(&[row(&pacts[0], &[])]);
        let objections = matrix.objections("product", &pacts);
        assert_eq!(objections.len(), 1, "{objections:?}");
        assert!(objections[0].ends_with("never verified"), "{objections:?}");
        matrix.replace(&[row(&pacts[1], &[])]);
        assert!(matrix.objections("product", &pacts).is_empty());
        assert!(matrix.objections("order", &pacts).is_empty());

        matrix.replace(&[row(&pacts[1], &["status"])]);
        assert!(matrix.objections("order", &pacts)[0].ends_with("broken"));
        let changed = [pact(Edition::Now, "b")];
        assert!(matrix.objections("order", &changed)[0].contains("has changed"));
    }

    #[test]
    fn a_pact_without_exchanges_shows_nothing() {
        let empty = Row::of(&pact(Edition::Now, "a"), Vec::new());
        assert!(!empty.is_good());
    }
}
