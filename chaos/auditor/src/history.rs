//! What a client says that it did: the history that a load leaves behind, a line of JSON for each operation. The auditor
//! takes from it what concerns orders, and holds the books to it.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use serde::Deserialize;
use uuid::Uuid;

/// An operation on orders, as far as its client knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Operation {
    /// `POST /orders`, `POST /orders/{id}/cancel`.
    pub endpoint: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Of the order, as the client chose it.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// The order that the answer named.
    #[serde(default)]
    pub order_id: Option<Uuid>,
    /// The status that the answer named.
    #[serde(default)]
    pub order_status: Option<String>,
    /// The trace that the client began.
    pub trace_id: String,
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The shop said that it was done.
    Ok,
    /// The shop said that it was not done.
    Failed,
    /// There was no answer, or one that leaves it open.
    Unknown,
}

/// What the checks ask a history.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Attempts to order, in the order in which they ended.
    pub orders: Vec<Operation>,
    /// Attempts to cancel.
    pub cancellations: Vec<Operation>,
}

/// Which order each idempotency key has made, as the order service remembers it.
pub type Keys = HashMap<String, Uuid>;

impl History {
    /// Reads a file of operations; those that have nothing to do with orders are left out.
    ///
    /// # Errors
    /// The file cannot be read, or has a line that is no operation.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut history = Self::default();
        for (number, line) in BufReader::new(File::open(path)?).lines().enumerate() {
            let operation: Operation = serde_json::from_str(&line?).map_err(|error| {
                io::Error::other(format!("{}:{}: {error}", path.display(), number + 1))
            })?;
            history.add(operation);
        }
        Ok(history)
    }

    fn add(&mut self, operation: Operation) {
        match operation.endpoint.as_str() {
            "POST /orders" => self.orders.push(operation),
            "POST /orders/{id}/cancel" => self.cancellations.push(operation),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_orders_is_read_and_a_broken_line_is_named() {
        let file = std::env::temp_dir().join(format!("history-{}.jsonl", std::process::id()));
        let good = r#"{"endpoint":"POST /orders","outcome":"unknown","idempotency_key":"k","trace_id":"t","more":1}
{"endpoint":"GET /products","outcome":"ok","trace_id":"u"}
{"endpoint":"POST /orders/{id}/cancel","outcome":"ok","order_id":"00000000-0000-0000-0000-000000000001","order_status":"cancelled","trace_id":"v"}
"#;
        std::fs::write(&file, good).unwrap();
        let history = History::read(&file).unwrap();
        assert_eq!((history.orders.len(), history.cancellations.len()), (1, 1));
        assert_eq!(history.orders[0].outcome, Outcome::Unknown);
        std::fs::write(&file, format!("{good}{{\n")).unwrap();
        let error = History::read(&file).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(error.contains(".jsonl:4:"), "{error}");
    }
}
