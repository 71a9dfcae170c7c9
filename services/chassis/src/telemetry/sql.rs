//! SQL statements as spans: what sqlx logs about each statement, turned into a finished `CLIENT` span.
//!
//! Nothing in `store/` code has to be wrapped. The text is the one that was prepared: placeholders, never values. sqlx
//! does not say whether a statement failed; the span around it does. A statement that belongs to no trace (a worker that
//! looks for work) gets no span, or every poll would be a trace.

mod summary;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue,
    trace::{Span as _, SpanKind, TraceContextExt as _, Tracer as _},
};
use opentelemetry_sdk::trace::SdkTracer;
use opentelemetry_semantic_conventions::attribute::{
    DB_NAMESPACE, DB_QUERY_SUMMARY, DB_QUERY_TEXT, DB_RESPONSE_RETURNED_ROWS, DB_SYSTEM_NAME,
};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer, registry::LookupSpan};

/// Where sqlx logs statements; the pool sets the level (see [`crate::db`]).
pub(super) const TARGET: &str = "sqlx::query";

/// Whether sqlx speaks of a statement.
pub(super) fn is_statement(meta: &Metadata<'_>) -> bool {
    meta.target() == TARGET
}

/// Longest text of a statement on a span.
const TEXT_BYTES_MAX: usize = 512;

/// Told the summary and the duration of each statement.
pub type Observer = Box<dyn Fn(&str, Duration) + Send + Sync>;

/// Makes spans of statements.
pub(super) struct Statements {
    tracer: SdkTracer,
    /// Name of the database.
    namespace: Option<String>,
    observer: Arc<OnceLock<Observer>>,
}

impl Statements {
    pub(super) fn new(
        tracer: SdkTracer,
        namespace: Option<String>,
        observer: Arc<OnceLock<Observer>>,
    ) -> Self {
        Self {
            tracer,
            namespace,
            observer,
        }
    }

    fn span(&self, summary: String, statement: &Statement, elapsed: Duration) {
        let parent = Context::current();
        // Asked by the flag, not by `is_recording`: a remote parent records nothing here.
        if !parent.span().span_context().is_sampled() {
            return;
        }
        let now = SystemTime::now();
        let mut attributes = vec![
            KeyValue::new(DB_SYSTEM_NAME, "postgresql"),
            KeyValue::new(DB_QUERY_SUMMARY, summary.clone()),
            KeyValue::new(
                DB_QUERY_TEXT,
                summary::shortened(&statement.text, TEXT_BYTES_MAX),
            ),
            KeyValue::new(DB_RESPONSE_RETURNED_ROWS, statement.rows_returned),
        ];
        attributes.extend(
            self.namespace
                .clone()
                .map(|name| KeyValue::new(DB_NAMESPACE, name)),
        );
        self.tracer
            .span_builder(summary)
            .with_kind(SpanKind::Client)
            .with_start_time(now.checked_sub(elapsed).unwrap_or(now))
            .with_attributes(attributes)
            .start_with_context(&self.tracer, &parent)
            .end_with_timestamp(now);
    }
}

impl<S> Layer<S> for Statements
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let mut statement = Statement::default();
        event.record(&mut statement);
        let Ok(elapsed) = Duration::try_from_secs_f64(statement.elapsed_seconds) else {
            return;
        };
        let summary = summary::of(&statement.text).into_owned();
        if let Some(observe) = self.observer.get() {
            observe(&summary, elapsed);
        }
        self.span(summary, &statement, elapsed);
    }
}

/// The fields of sqlx's event.
#[derive(Default)]
struct Statement {
    text: String,
    rows_returned: i64,
    elapsed_seconds: f64,
}

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            // The whole statement; empty if the "summary" (its first four words) is all of it.
            "db.statement" if !value.is_empty() => value.clone_into(&mut self.text),
            "summary" if self.text.is_empty() => value.clone_into(&mut self.text),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows_returned = i64::try_from(value).unwrap_or(i64::MAX);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed_seconds = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Name of the database in a `postgres://` URL.
pub(super) fn namespace(url: &str) -> Option<String> {
    let url: url::Url = url.parse().ok()?;
    let name = url.path().trim_start_matches('/');
    (!name.is_empty()).then(|| Cow::from(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_named_without_its_password() {
        let url = "postgres://order:secret@127.0.0.1:5432/orders?sslmode=disable";
        assert_eq!(namespace(url).as_deref(), Some("orders"));
        assert_eq!(namespace("nonsense"), None);
    }
}
