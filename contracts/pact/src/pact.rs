//! Pact files: `contracts/pacts` holds what the consumers' code relies on now, `contracts/released/pacts` what the last
//! released consumers relied on. A provider has to satisfy both, so that old and new run side by side.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which consumer it is that relies on something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// As the code is now.
    Now,
    /// As of the last release.
    Released,
}

/// What one consumer relies on of one provider.
#[derive(Clone, Debug)]
pub struct Pact {
    /// Who relies on it.
    pub consumer: String,
    /// On whom.
    pub provider: String,
    /// Which consumer.
    pub edition: Edition,
    /// All of it, in Pact's own format, version 4.
    pub document: Value,
}

impl Edition {
    /// Where its pacts are, below `contracts`.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Now => "pacts",
            Self::Released => "released/pacts",
        }
    }
}

impl Pact {
    /// The interactions.
    #[must_use]
    pub fn interactions(&self) -> &[Value] {
        self.document["interactions"]
            .as_array()
            .map_or(&[], Vec::as_slice)
    }

    fn read(path: &Path, edition: Edition) -> anyhow::Result<Self> {
        let text = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        let document: Value = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        let name = |who: &str| {
            let name = document[who]["name"].as_str().map(str::to_owned);
            name.with_context(|| format!("{} names no {who}", path.display()))
        };
        Ok(Self {
            consumer: name("consumer")?,
            provider: name("provider")?,
            edition,
            document,
        })
    }
}

/// All pacts of the repository's `contracts`, by provider and consumer.
///
/// # Errors
/// A folder or file that cannot be read, or is no pact.
pub fn all(contracts: &Path) -> anyhow::Result<Vec<Pact>> {
    let mut pacts = Vec::new();
    for edition in [Edition::Now, Edition::Released] {
        let folder = contracts.join(edition.folder());
        for entry in fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
            pacts.push(Pact::read(&entry?.path(), edition)?);
        }
    }
    let key = |pact: &Pact| (pact.provider.clone(), pact.consumer.clone(), pact.edition);
    pacts.sort_by_key(key);
    Ok(pacts)
}

/// The name of a pact's file.
#[must_use]
pub fn file_name(consumer: &str, provider: &str) -> String {
    format!("{consumer}-{provider}.json")
}

/// The same pact without whatever differs between two runs or two versions of the library: interactions in the order of
/// their descriptions, and no word of who wrote it.
#[must_use]
pub fn canonical(mut document: Value) -> Value {
    document["metadata"] = json!({ "pactSpecification": { "version": "4.0" } });
    if let Some(interactions) = document["interactions"].as_array_mut() {
        interactions.sort_by_cached_key(|interaction| interaction["description"].to_string());
    }
    document
}
