//! The verdict, as people and scripts see it.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::books::Books;

/// Counter-examples shown for one check; the first few are enough to find the cause.
const COUNTER_EXAMPLES_MAX: usize = 10;

/// The outcome of an audit.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether every check holds.
    pub balanced: bool,
    /// Each invariant.
    pub checks: Vec<Check>,
    /// The figures behind the verdict.
    pub totals: Value,
    /// Ids of everything that disagrees with something, also of what is not shown.
    #[serde(skip)]
    pub disagreeing: HashSet<String>,
}

/// One invariant.
#[derive(Debug, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What was compared, in words and figures.
    pub detail: String,
    /// Where it does not hold; in a report at most ten.
    pub counterexamples: Vec<CounterExample>,
    /// Work under way violates it for a moment; at rest it must hold.
    #[serde(skip)]
    pub settles: bool,
}

/// One place where the books disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CounterExample {
    /// The order, product or event.
    pub id: String,
    /// The trace of the request that made the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What disagrees with what.
    pub what: String,
}

impl CounterExample {
    /// A counter-example without a trace.
    pub fn new(id: impl ToString, what: impl Into<String>) -> Self {
        Self {
            id: id.to_string(),
            trace_id: None,
            what: what.into(),
        }
    }
}

impl Check {
    /// A check that holds if nothing contradicts it.
    pub fn new(
        name: &'static str,
        detail: impl Into<String>,
        counterexamples: Vec<CounterExample>,
    ) -> Self {
        Self {
            name,
            ok: counterexamples.is_empty(),
            detail: detail.into(),
            counterexamples,
            settles: false,
        }
    }

    /// Looks away from what is forgiven, and keeps of the rest what is shown.
    fn close(&mut self, forgiven: &HashSet<String>) {
        self.counterexamples
            .retain(|one| !forgiven.contains(&one.id));
        self.ok = self.counterexamples.is_empty();
        if !self.ok {
            let number = self.counterexamples.len();
            self.detail = format!("{}; {number} do not", self.detail);
        }
        self.counterexamples.sort_by(|a, b| a.id.cmp(&b.id));
        self.counterexamples.truncate(COUNTER_EXAMPLES_MAX);
    }

    /// Says that work under way violates it for a moment.
    #[must_use]
    pub fn settling(self) -> Self {
        Self {
            settles: true,
            ..self
        }
    }
}

impl Report {
    /// Puts the verdict together, with trace ids where an order is concerned.
    pub fn new(books: &Books, mut checks: Vec<Check>) -> Self {
        let all = checks.iter().flat_map(|check| &check.counterexamples);
        let disagreeing = all.map(|one| one.id.clone()).collect();
        for check in &mut checks {
            check.close(&books.forgiven);
        }
        for example in checks
            .iter_mut()
            .flat_map(|check| &mut check.counterexamples)
        {
            example.trace_id = trace_of(books, &example.id);
        }
        Self {
            balanced: checks.iter().all(|check| check.ok),
            totals: totals(books),
            checks,
            disagreeing,
        }
    }
}

fn trace_of(books: &Books, id: &str) -> Option<String> {
    let id: Uuid = id.parse().ok()?;
    let order = books.orders.iter().find(|order| order.id == id)?;
    order
        .traceparent
        .as_deref()?
        .split('-')
        .nth(1)
        .map(str::to_owned)
}

fn totals(books: &Books) -> Value {
    let orders = |status: &str| {
        books
            .orders
            .iter()
            .filter(|order| order.status == status)
            .count()
    };
    let kept = |order: &&crate::books::Order| {
        matches!(order.status.as_str(), "paid" | "shipped" | "delivered")
    };
    let kept: i64 = books
        .orders
        .iter()
        .filter(kept)
        .map(|order| order.total - order.refunded)
        .sum();
    let captured: i64 = books.payments.iter().map(|payment| payment.captured).sum();
    let refunded: i64 = books.payments.iter().map(|payment| payment.refunded).sum();
    let psp_captured: i64 = books.ledger.iter().map(|sum| sum.captured).sum();
    let psp_refunded: i64 = books.ledger.iter().map(|sum| sum.refunded).sum();
    let stock = |field: fn(&crate::books::Stock) -> i64| books.stock.iter().map(field).sum::<i64>();
    json!({
        "orders": {
            "total": books.orders.len(),
            "pending": orders("pending"),
            "paid": orders("paid"),
            "shipped": orders("shipped"),
            "delivered": orders("delivered"),
            "cancelled": orders("cancelled"),
        },
        "money_minor_units": {
            "orders_kept": kept,
            "payments_captured": captured,
            "payments_refunded": refunded,
            "psp_captured": psp_captured,
            "psp_refunded": psp_refunded,
        },
        "stock_units": {
            "received": stock(|s| s.received),
            "available": stock(|s| s.available),
            "reserved": stock(|s| s.reserved),
            "sold": stock(|s| s.sold),
        },
        "events": { "published": books.published, "dead_letters": books.dead_letters },
    })
}
