//! Hands that write down what they are told, and a run from text to facts.

use std::sync::Arc;

use engine::machine::Interruption;
use engine::mistake::unknown;
use engine::{Experiment, Hands, Invalid, Place, Run};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Knows one fault, `faultline kill order`, and `faultline kill broken`, which cannot be injected.
#[derive(Debug, Default)]
pub(crate) struct Notebook {
    /// In this order; whoever waits for a fault hears of it.
    pub(crate) injected: watch::Sender<Vec<String>>,
}

impl Hands for Notebook {
    type Fault = String;

    async fn understand(&self, words: &[String]) -> Result<Option<String>, String> {
        match words {
            [kill, name] if kill == "kill" => match name.as_str() {
                "order" | "broken" => Ok(Some(name.clone())),
                other => Err(unknown("process", other, &["order", "broken"])),
            },
            _ => Ok(None),
        }
    }

    async fn inject(&self, fault: &String) -> Result<Value, String> {
        if fault == "broken" {
            return Err("it resists".to_owned());
        }
        self.injected.send_modify(|all| all.push(fault.clone()));
        Ok(json!({ "status": 0 }))
    }
}

pub(crate) fn place() -> Place {
    Place {
        variables: std::env::vars().collect(),
        own_program: "false".into(),
    }
}

/// Runs a text to its end.
pub(crate) async fn run(text: &str) -> (Run, Value, Arc<Notebook>) {
    let (_keep, stop) = watch::channel(None);
    let hands = Arc::new(Notebook::default());
    let (run, journal) = run_with(&hands, text, stop).await.unwrap();
    (run, journal, hands)
}

/// The same with hands of one's own, which may be stopped.
pub(crate) async fn run_with(
    hands: &Arc<Notebook>,
    text: &str,
    stop: watch::Receiver<Option<Interruption>>,
) -> Result<(Run, Value), Invalid> {
    let experiment = Experiment::parse("x.yaml", text)?;
    let prepared = engine::prepare("x.yaml", experiment, &**hands, &place()).await?;
    let prepared = Arc::new(prepared);
    let run = engine::run(prepared.clone(), hands.clone(), stop, |_| {}).await;
    let journal = engine::journal::of(&prepared.experiment, &run, json!({}));
    Ok((run, journal))
}
