//! Records a pact: each expectation is a mock provider of its own, which fails the test unless the consumer's client
//! asks exactly what was expected; all expectations together are the pact.

use std::{collections::BTreeSet, fs, panic::Location, path::PathBuf};

use chassis::{config::Env, events::Event, telemetry::propagation::TraceContext};
use chrono::DateTime;
use pact_consumer::{
    builders::{InteractionBuilder, MessageInteractionBuilder},
    mock_server::ValidatingMockServer,
    prelude::{JsonPattern, PactBuilder, StartMockServer as _},
};
use pact_models::{PactSpecification, interaction::Interaction as _};
use pacts::pact;
use tempfile::TempDir;
use uuid::Uuid;

/// A pact under way.
pub(crate) struct Recording {
    consumer: &'static str,
    provider: &'static str,
    whole: PactBuilder,
    described: BTreeSet<String>,
    /// Every mock provider writes a pact of its own; nobody reads them.
    scratch: TempDir,
}

/// A mock provider; dropping it checks that everything expected was asked.
pub(crate) type Mock = Box<dyn ValidatingMockServer>;

/// One exchange, described.
#[track_caller]
pub(crate) fn asked(
    description: &str,
    describe: impl FnOnce(&mut InteractionBuilder),
) -> InteractionBuilder {
    let mut interaction = InteractionBuilder::new(description, "");
    interaction.test_name(Location::caller().file());
    describe(&mut interaction);
    interaction
}

impl Recording {
    pub(crate) fn between(consumer: &'static str, provider: &'static str) -> Self {
        Self {
            consumer,
            provider,
            whole: PactBuilder::new_v4(consumer, provider),
            described: BTreeSet::new(),
            scratch: tempfile::tempdir().unwrap(),
        }
    }

    /// A mock provider that expects these exchanges, in any order.
    pub(crate) fn expect(
        &mut self,
        exchanges: impl IntoIterator<Item = InteractionBuilder>,
    ) -> Mock {
        let mut pact = PactBuilder::new_v4(self.consumer, self.provider);
        pact.with_output_dir(self.scratch.path());
        for exchange in exchanges {
            let exchange = exchange.build_v4();
            // An access token comes before each call; it is one exchange all the same.
            if self.described.insert(exchange.description()) {
                self.whole.push_interaction(&exchange);
            }
            pact.push_interaction(&exchange);
        }
        pact.start_mock_server(None, None)
    }

    /// An event that this consumer reads, as it arrives with the example in it.
    #[track_caller]
    pub(crate) fn read(&mut self, event_type: &str, data: impl Into<JsonPattern>) -> Event {
        let mut message = MessageInteractionBuilder::new(event_type);
        message
            .test_name(Location::caller().file())
            .metadata("ce_type", event_type)
            .metadata("ce_dataversion", "1")
            .json_body(data);
        let message = message.build();
        self.whole.push_interaction(&message);
        let body = message.contents.contents.value().expect("a body was given");
        Event {
            id: Uuid::now_v7(),
            source: format!("/services/{}", self.provider),
            event_type: event_type.to_owned(),
            subject: Uuid::from_u128(1),
            sequence: 1,
            time: DateTime::UNIX_EPOCH,
            correlation_id: "pact".to_owned(),
            data_version: 1,
            data: serde_json::from_slice(&body).unwrap(),
            trace: TraceContext::default(),
        }
    }

    /// Compares the pact with the one that is checked in, or writes it.
    pub(crate) fn finish(self) {
        let document = self.whole.build().to_json(PactSpecification::V4).unwrap();
        let text = format!("{:#}\n", pact::canonical(document));
        let name = pact::file_name(self.consumer, self.provider);
        let path = contracts().join("pacts").join(&name);
        if Env::from_process().get("CONTRACTS_WRITE").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            return;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "contracts/pacts/{name} is not what the consumer's code says; write it with: \
             CONTRACTS_WRITE=1 cargo test -p pacts"
        );
    }
}

/// The repository's folder of this name.
pub(crate) fn contracts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
