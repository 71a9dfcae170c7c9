//! Whether the pacts guard anything: each provider is broken in every way that consumers dread, one way at a time, and
//! some pact has to notice. The provider itself stays as it is; the front changes what it says.

pub mod breaks;
mod table;

use std::{path::Path, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use self::breaks::Break;
pub use self::table::BREAKS;
use crate::{
    pact::{Edition, Pact},
    shop::Shop,
    verify,
};

/// One break, and who noticed it.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// Who was broken.
    pub provider: &'static str,
    /// How.
    pub kind: &'static str,
    /// Where, and what.
    pub what: String,
    /// `consumer: exchange` of each that noticed.
    pub noticed_by: Vec<String>,
}

/// Breaks providers, all or one, in every way of [`BREAKS`].
///
/// # Errors
/// A verification could not be done.
pub async fn prove(
    pacts: &[Pact],
    shop: &Arc<Shop>,
    repo: &Path,
    provider: Option<&str>,
) -> anyhow::Result<Vec<Proof>> {
    let mut proofs = Vec::new();
    let breaks = BREAKS.iter();
    for broken in breaks.filter(|broken| provider.is_none_or(|name| broken.provider == name)) {
        let mut noticed_by = Vec::new();
        for pact in pacts {
            let Some(concerned) = concerned(pact, broken) else {
                continue;
            };
            let outcomes = verify::verify(&concerned, shop, repo, Some(*broken)).await?;
            let noticed = outcomes.iter().filter(|outcome| !outcome.is_good());
            noticed_by.extend(
                noticed.map(|outcome| format!("{}: {}", pact.consumer, outcome.description)),
            );
        }
        proofs.push(Proof {
            provider: broken.provider,
            kind: broken.kind(),
            what: broken.to_string(),
            noticed_by,
        });
    }
    Ok(proofs)
}

/// The pact with those interactions alone that the break can reach.
fn concerned(pact: &Pact, broken: &Break) -> Option<Pact> {
    if pact.provider != broken.provider || pact.edition != Edition::Now {
        return None;
    }
    let interactions = pact.interactions().iter();
    let reached: Vec<Value> = interactions
        .filter(|interaction| broken.reaches(interaction))
        .cloned()
        .collect();
    if reached.is_empty() {
        return None;
    }
    let mut concerned = pact.clone();
    concerned.document["interactions"] = reached.into();
    Some(concerned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{breaks::KINDS, *};
    use crate::shop::PROVIDERS;

    #[test]
    fn every_provider_is_broken_in_every_way() {
        for provider in PROVIDERS {
            let of_provider = BREAKS.iter().filter(|broken| broken.provider == provider);
            let kinds: BTreeSet<_> = of_provider.map(Break::kind).collect();
            let missing: Vec<_> = KINDS.iter().filter(|kind| !kinds.contains(*kind)).collect();
            assert!(
                missing.is_empty(),
                "{provider} is never broken by {missing:?}"
            );
        }
    }
}
