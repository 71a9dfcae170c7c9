//! The SDK's ends of the two queues.

use std::time::Duration;

use opentelemetry::{Context, InstrumentationScope, logs::LogRecord as _};
use opentelemetry_otlp::{LogExporter, SpanExporter};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    logs::{LogBatch, LogProcessor, SdkLogRecord},
    trace::{Span, SpanData, SpanProcessor},
};

use super::{
    http::Client,
    queue::{Export, Queue, Refused},
};
use crate::telemetry::log::line::request_ids;

/// A log record with the library that made it.
type Record = (SdkLogRecord, InstrumentationScope);

/// Queues finished spans.
#[derive(Debug)]
pub(super) struct Spans(pub(super) Queue<SpanData>);

impl SpanProcessor for Spans {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.0.offer(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// The queue's task is stopped with the telemetry's tasks, which can be waited for; this cannot.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// An exporter of the SDK, and the client under it, which saw what the endpoint said.
pub(super) struct Otlp<E> {
    pub(super) exporter: E,
    pub(super) client: Client,
}

impl Export<SpanData> for Otlp<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> Result<(), Refused> {
        let items = batch.len();
        let sent = opentelemetry_sdk::trace::SpanExporter::export(&self.exporter, batch).await;
        self.client.taken(items, sent)
    }
}

/// Queues log records, with the ids of the request that they belong to.
#[derive(Debug)]
pub(super) struct Records(pub(super) Queue<Record>);

impl LogProcessor for Records {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        for (name, value) in request_ids() {
            let named = record
                .attributes_iter()
                .any(|(key, _)| key.as_str() == name);
            if !named {
                record.add_attribute(name, value);
            }
        }
        self.0.offer((record.clone(), scope.clone()));
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Export<Record> for Otlp<LogExporter> {
    async fn export(&self, batch: Vec<Record>) -> Result<(), Refused> {
        let borrowed: Vec<_> = batch
            .iter()
            .map(|(record, scope)| (record, scope))
            .collect();
        let borrowed = LogBatch::new(&borrowed);
        let sent = opentelemetry_sdk::logs::LogExporter::export(&self.exporter, borrowed).await;
        self.client.taken(batch.len(), sent)
    }
}
