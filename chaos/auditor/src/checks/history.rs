//! The books against what a client was told: nothing acknowledged is lost, nothing unknown stays open, nothing refused
//! was done, and nothing was done twice.

use std::collections::{BTreeSet, HashMap, HashSet};

use uuid::Uuid;

use crate::{
    books::{Books, Order},
    history::{History, Operation, Outcome},
    report::{Check, CounterExample},
};

/// The books, found by what a client knows.
struct Ledger<'a> {
    books: &'a Books,
    history: &'a History,
    by_id: HashMap<Uuid, &'a Order>,
    by_trace: HashMap<&'a str, Vec<Uuid>>,
    /// Orders that their customer wanted to cancel, whatever became of that.
    given_up: HashSet<Uuid>,
}

pub(super) fn all(books: &Books, history: &History) -> Vec<Check> {
    let ledger = Ledger::new(books, history);
    vec![
        ledger.acknowledged_orders_kept(),
        ledger.unknown_orders_resolved(),
        ledger.refused_orders_not_made(),
        ledger.one_order_a_key(),
    ]
}

impl<'a> Ledger<'a> {
    fn new(books: &'a Books, history: &'a History) -> Self {
        let mut by_trace: HashMap<&str, Vec<Uuid>> = HashMap::new();
        for order in &books.orders {
            if let Some(trace) = order
                .traceparent
                .as_deref()
                .and_then(|t| t.split('-').nth(1))
            {
                by_trace.entry(trace).or_default().push(order.id);
            }
        }
        Self {
            books,
            history,
            by_id: books.orders.iter().map(|order| (order.id, order)).collect(),
            by_trace,
            given_up: history
                .cancellations
                .iter()
                .filter_map(|one| one.order_id)
                .collect(),
        }
    }

    fn of(&self, outcome: Outcome) -> impl Iterator<Item = &'a Operation> {
        self.history
            .orders
            .iter()
            .filter(move |one| one.outcome == outcome)
    }

    /// Every order that an operation has made: by its key, and by its trace.
    fn made_by(&self, operation: &Operation) -> BTreeSet<Uuid> {
        let by_key = operation
            .idempotency_key
            .as_ref()
            .and_then(|key| self.books.keys.get(key));
        let by_trace = self.by_trace.get(operation.trace_id.as_str());
        by_key
            .into_iter()
            .chain(by_trace.into_iter().flatten())
            .copied()
            .collect()
    }

    fn acknowledged_orders_kept(&self) -> Check {
        let lost = self.of(Outcome::Ok).filter_map(|operation| {
            let id = operation.order_id?;
            let told = operation.order_status.as_deref().unwrap_or("made");
            let what = match self.by_id.get(&id) {
                None => format!("the client was told that it is {told}, and it does not exist"),
                Some(order) if self.keeps(told, order) => return None,
                Some(order) => format!(
                    "the client was told that it is {told}, and it is {}",
                    order.status
                ),
            };
            Some(CounterExample::new(id, what))
        });
        let detail = format!(
            "{} orders that a client was told of are what it was told",
            self.of(Outcome::Ok).count()
        );
        Check::new("acknowledged_orders_kept", detail, lost.collect())
    }

    /// Whether an order may have become what it is, given what its customer was told first.
    fn keeps(&self, told: &str, order: &Order) -> bool {
        match (told, order.status.as_str()) {
            ("paid", "cancelled") => self.given_up.contains(&order.id),
            ("paid", status) => matches!(status, "paid" | "shipped" | "delivered"),
            ("cancelled", status) => status == "cancelled",
            // It was still open; that it has ended by now is another check.
            _ => true,
        }
    }

    fn unknown_orders_resolved(&self) -> Check {
        let (mut made, mut not_made, mut open) = (0, 0, Vec::new());
        for operation in self.of(Outcome::Unknown) {
            let orders = self.made_by(operation);
            if orders.is_empty() {
                not_made += 1;
            } else {
                made += 1;
            }
            let unsettled = orders
                .iter()
                .filter_map(|id| self.by_id.get(id))
                .filter(|order| {
                    !matches!(order.saga.as_deref(), Some("completed" | "compensated"))
                });
            open.extend(unsettled.map(|order| {
                let saga = order.saga.as_deref().unwrap_or("missing");
                CounterExample::new(
                    order.id,
                    format!("its client got no answer, and its saga is {saga}"),
                )
            }));
        }
        let detail = format!(
            "{} orders whose clients got no answer: {made} were made and have ended, {not_made} were not made",
            made + not_made
        );
        Check::new("unknown_orders_resolved", detail, open).settling()
    }

    fn refused_orders_not_made(&self) -> Check {
        let made = self.of(Outcome::Failed).flat_map(|operation| {
            let orders = self.made_by(operation).into_iter();
            orders.map(|id| CounterExample::new(id, "the client was told that it was refused"))
        });
        let detail = format!(
            "{} orders that were refused do not exist",
            self.of(Outcome::Failed).count()
        );
        Check::new("refused_orders_not_made", detail, made.collect())
    }

    fn one_order_a_key(&self) -> Check {
        let mut by_key: HashMap<&str, BTreeSet<Uuid>> = HashMap::new();
        for operation in &self.history.orders {
            let Some(key) = &operation.idempotency_key else {
                continue;
            };
            let orders = by_key.entry(key).or_default();
            orders.extend(self.made_by(operation));
            orders.extend(operation.order_id);
        }
        let twice = by_key
            .iter()
            .filter(|(_, orders)| orders.len() > 1)
            .map(|(key, orders)| {
                let ids: Vec<String> = orders.iter().map(Uuid::to_string).collect();
                CounterExample::new(&ids[0], format!("key {key} has made {}", ids.join(" and ")))
            });
        let detail = format!(
            "{} idempotency keys have made at most one order each",
            by_key.len()
        );
        Check::new("one_order_a_key", detail, twice.collect())
    }
}
