//! Hands that write down what they are told, and a run from text to facts.

use std::sync::{Arc, Mutex};

use engine::machine::Interruption;
use engine::mistake::unknown;
use engine::{Experiment, Hands, Invalid, Place, Run};
use serde_json::{Value, json};
use tokio::sync::watch;

/// Knows one fault, `faultline kill order`, and `faultline kill broken`, which cannot be injected.
#[derive(Debug, Default)]
pub(crate) struct Notebook {
    pub(crate) injected: Mutex<Vec<String>>,
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
        self.injected.lock().unwrap().push(fault.clone());
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
    run_until(text, stop).await.unwrap()
}

/// The same, which may be stopped.
pub(crate) async fn run_until(
    text: &str,
    stop: watch::Receiver<Option<Interruption>>,
) -> Result<(Run, Value, Arc<Notebook>), Invalid> {
    let hands = Arc::new(Notebook::default());
    let experiment = Experiment::parse("x.yaml", text)?;
    let prepared = engine::prepare("x.yaml", experiment, &*hands, &place()).await?;
    let prepared = Arc::new(prepared);
    let run = engine::run(prepared.clone(), hands.clone(), stop, |_| {}).await;
    let journal = engine::journal::of(&prepared.experiment, &run, json!({}));
    Ok((run, journal, hands))
}
