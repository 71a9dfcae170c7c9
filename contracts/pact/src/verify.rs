//! Asks one provider for everything that one pact says, with Pact's own verifier.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use pact_models::pact::load_pact_from_json;
use pact_verifier::{
    FilterInfo, MismatchResult, NullRequestFilterExecutor, ProviderInfo, ProviderTransport,
    VerificationOptions, callback_executors::HttpRequestProviderStateExecutor,
    verification_result::VerificationInteractionResult, verify_pact_internal,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    front::{Front, MESSAGES, STATES},
    pact::Pact,
    proof::breaks::Break,
    shop::Shop,
};

/// Longer than any service takes to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// One exchange or event, verified.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// As the consumer's test describes it.
    pub description: String,
    /// Where that test is: `file:line`.
    pub test: String,
    /// How the provider differs; empty if it does not.
    pub differences: Vec<String>,
    /// How long it took.
    pub milliseconds: u64,
}

impl Outcome {
    /// Whether the provider does what the consumer relies on.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Verifies a pact. `repo` is where the consumers' tests are looked up.
///
/// # Errors
/// The verification could not be done. That a provider differs is no error, but an outcome.
pub async fn verify(
    pact: &Pact,
    shop: &Arc<Shop>,
    repo: &Path,
    breaking: Option<Break>,
) -> anyhow::Result<Vec<Outcome>> {
    let front = Front::before(&pact.provider, shop, breaking).await?;
    let options = VerificationOptions::<NullRequestFilterExecutor> {
        coloured_output: false,
        follow_redirects: false,
        request_timeout: u64::try_from(PATIENCE.as_millis()).context("some seconds")?,
        ..VerificationOptions::default()
    };
    let states = HttpRequestProviderStateExecutor {
        state_change_url: Some(format!("http://{}{STATES}", front.address)),
        retries: 0,
        ..HttpRequestProviderStateExecutor::default()
    };
    // The function above it would print its own report.
    pact_matching::matchingrules::configure_core_catalogue();
    let result = verify_pact_internal(
        &provider(&pact.provider, front.address.port()),
        &FilterInfo::None,
        load_pact_from_json("contracts", &pact.document)?,
        &options,
        &Arc::new(states),
        false,
        Duration::ZERO,
    )
    .await?;
    let results = &result.results;
    let interactions = pact.interactions().iter();
    Ok(interactions
        .map(|interaction| {
            let mut outcome = outcome(interaction, results, repo);
            if !outcome.is_good() {
                outcome.differences.extend(causes(interaction, &front));
            }
            outcome
        })
        .collect())
}

fn provider(name: &str, port: u16) -> ProviderInfo {
    let transport = |transport: &str, path: Option<&str>| ProviderTransport {
        transport: transport.to_owned(),
        port: Some(port),
        path: path.map(str::to_owned),
        scheme: Some("http".to_owned()),
    };
    ProviderInfo {
        name: name.to_owned(),
        host: "127.0.0.1".to_owned(),
        transports: vec![
            transport("http", None),
            transport("message", Some(MESSAGES)),
        ],
        ..ProviderInfo::default()
    }
}

/// What came of an interaction. One that the verifier left out has failed.
fn outcome(interaction: &Value, results: &[VerificationInteractionResult], repo: &Path) -> Outcome {
    let description = interaction["description"].as_str().unwrap_or_default();
    let found = results
        .iter()
        .find(|result| result.interaction_description == description);
    let differences = match found.map(|found| &found.result) {
        None => vec!["it was not verified".to_owned()],
        Some(Ok(())) => Vec::new(),
        Some(Err(MismatchResult::Error(error, _))) => vec![error.clone()],
        Some(Err(MismatchResult::Mismatches { mismatches, .. })) => {
            let mut differences: Vec<_> = mismatches
                .iter()
                .map(pact_matching::Mismatch::description)
                .collect();
            differences.sort();
            differences.dedup();
            differences
        }
    };
    let took = found.map_or(Duration::ZERO, |found| found.duration);
    let test = interaction["comments"]["testname"].as_str();
    Outcome {
        description: description.to_owned(),
        test: place(repo, test.unwrap_or_default(), description),
        differences,
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

/// Why the provider could not be brought into the states that an interaction asks for.
fn causes(interaction: &Value, front: &Front) -> Vec<String> {
    let states = interaction["providerStates"].as_array();
    let names = states
        .into_iter()
        .flatten()
        .filter_map(|state| state["name"].as_str());
    let cause = |name: &str| {
        let why = front.why_not(name)?;
        Some(format!(
            "the state {name:?} could not be brought about: {why}"
        ))
    };
    names.filter_map(cause).collect()
}

/// The line of the consumer's test that describes the interaction. It is looked up: a pact that named lines would change
/// with every edit of a test.
fn place(repo: &Path, file: &str, description: &str) -> String {
    let source = fs::read_to_string(repo.join(file)).unwrap_or_default();
    let quoted = format!("\"{description}\"");
    match source.lines().position(|line| line.contains(&quoted)) {
        Some(index) => format!("{file}:{}", index + 1),
        None => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chassis::config::Env;
    use serde_json::json;

    use super::*;
    use crate::{pact::Edition, shop::PROVIDERS};

    /// A shop in which nobody is at home.
    fn closed_shop() -> Shop {
        let mut pairs: Vec<(String, String)> = PROVIDERS
            .iter()
            .map(|name| {
                (
                    format!("{}_URL", name.to_uppercase()),
                    "http://127.0.0.1:1".to_owned(),
                )
            })
            .collect();
        for name in [
            "SERVICE_TOKEN_KEY",
            "PSP_API_KEY",
            "ADMIN_EMAIL",
            "ADMIN_PASSWORD",
        ] {
            pairs.push((
                name.to_owned(),
                "0123456789abcdef0123456789abcdef".to_owned(),
            ));
        }
        pairs.push((
            "CHAOS_PROXY_URL".to_owned(),
            "http://127.0.0.1:1".to_owned(),
        ));
        Shop::from_env(&Env::from_pairs(pairs)).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_state_that_cannot_be_brought_about_is_told_with_its_cause() {
        let interaction = |description: &str, state: &str| {
            json!({
                "type": "Synchronous/HTTP", "description": description,
                "providerStates": [{ "name": state }],
                "request": { "method": "GET", "path": "/x" }, "response": { "status": 200 },
            })
        };
        let document = json!({
            "consumer": { "name": "order" }, "provider": { "name": "product" },
            "interactions": [
                interaction("a product", "a product is sold"),
                interaction("a unicorn", "there are unicorns"),
            ],
            "metadata": { "pactSpecification": { "version": "4.0" } },
        });
        let pact = Pact {
            consumer: "order".to_owned(),
            provider: "product".to_owned(),
            edition: Edition::Now,
            document,
        };
        let repo = Path::new(env!("CARGO_MANIFEST_DIR"));
        let outcomes = verify(&pact, &Arc::new(closed_shop()), repo, None)
            .await
            .unwrap();
        let said = |index: usize| outcomes[index].differences.join("\n");
        assert!(
            said(0).contains("\"a product is sold\" could not be brought about"),
            "{}",
            said(0)
        );
        assert!(said(0).contains("127.0.0.1:1"), "{}", said(0));
        assert!(
            said(1).contains("nobody knows how to bring product into"),
            "{}",
            said(1)
        );
    }

    #[test]
    fn the_line_of_a_consumers_test_is_found_by_what_it_describes() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let file = "contracts/pact/src/verify.rs";
        let found = place(&repo, file, "a sentence that stands here alone");
        let line: usize = found.rsplit_once(':').unwrap().1.parse().unwrap();
        let source = fs::read_to_string(repo.join(file)).unwrap();
        let line = source.lines().nth(line - 1).unwrap();
        assert!(line.contains("let found = place"), "{line}");
        assert_eq!(place(&repo, "nowhere.rs", "x"), "nowhere.rs");
    }
}
