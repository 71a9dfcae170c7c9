//! The slowest order of a time, told in a few lines; `faultline trace` tells all of it.

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::jaeger::{self, Filter, Jaeger};
use super::tree::Tree;
use super::waterfall::Waterfall;
use crate::term::{self, Paint};
use crate::{Lab, observatory};

/// The shop's door, and its checkout.
const SERVICE: &str = "gateway";
const OPERATION: &str = "POST /api/v1/orders";
/// A waterfall of this many spans fits on a screen.
const SPANS_MAX: usize = 24;

/// A trace in which an order was placed.
pub(in crate::commands) struct Checkout {
    /// Its id.
    pub(in crate::commands) trace_id: String,
    tree: Tree,
}

impl Checkout {
    /// The one with the longest checkout that began at `since` or later; none when no order was, or none was sampled.
    ///
    /// # Errors
    /// When the lab's observatory does not answer.
    pub(in crate::commands) async fn slowest(
        lab: &Lab,
        since: DateTime<Utc>,
    ) -> anyhow::Result<Option<Self>> {
        let jaeger = Jaeger::at(observatory::query_url(lab))?;
        let placed = Filter {
            service: Some(SERVICE),
            operation: Some(OPERATION),
            since: Some(since),
            ..Filter::default()
        };
        let Some(trace_id) = jaeger.slowest(placed).await? else {
            return Ok(None);
        };
        let answer = jaeger.trace(&trace_id).await?;
        let answer = answer.context("the trace was forgotten just now")?;
        let tree = Tree::of(jaeger::spans(answer).context("read the trace")?);
        Ok(Some(Self { trace_id, tree }))
    }

    /// What its customer waited for, as a waterfall no longer than a screen.
    pub(in crate::commands) fn print(&self, paint: Paint) {
        let short = self.tree.abridged(SPANS_MAX);
        let left_out = self.tree.rows.len() - short.rows.len();
        Waterfall::of(&short, Vec::new(), paint).print();
        let all = format!("faultline trace {}", self.trace_id);
        term::out(paint.dim(format!(
            "\n{left_out} more spans (SQL, events, what came later): {all}"
        )));
    }
}
