//! Spans and log records on their way out: OTLP over HTTP, protobuf, to wherever `OTEL_EXPORTER_OTLP_ENDPOINT` points.
//!
//! What is done on the path of a request is one push into a bounded queue; a full queue drops and counts. The exporting
//! itself is a background task on the service's own runtime. The SDK's batch processors are not used: they do not say
//! what they dropped, and they need threads and a blocking client of their own (docs/adr/).

mod http;
mod processor;
mod queue;

use std::time::Duration;

use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, Protocol, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    logs::{LogExporter as _, SdkLoggerProvider},
    trace::{SpanExporter as _, TracerProviderBuilder},
};

use self::{
    http::Client,
    processor::{Otlp, Records, Spans},
    queue::{Limits, Queue},
};
use super::items::Signal;
use crate::{
    config::{ConfigError, Env},
    service::Tasks,
};

/// Where to, how much and how often: the variables of the OpenTelemetry specification.
#[derive(Clone, Debug)]
pub struct ExportConfig {
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces`. None: not exported.
    traces: Option<String>,
    /// `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT`, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/logs`. None: not exported.
    logs: Option<String>,
    /// `OTEL_EXPORTER_OTLP_TIMEOUT`, 5 s for a batch with its retries. An endpoint that hangs costs no more than what
    /// comes in meanwhile, and the queue bounds that.
    timeout: Duration,
    /// `OTEL_BSP_MAX_QUEUE_SIZE` (2048), `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` (512), `OTEL_BSP_SCHEDULE_DELAY` (1 s).
    spans: Limits,
    /// `OTEL_BLRP_…`, likewise.
    records: Limits,
}

impl ExportConfig {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A value that makes no sense, or a protocol other than `http/protobuf`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let protocol = env.get("OTEL_EXPORTER_OTLP_PROTOCOL");
        if let Some(other) = protocol.filter(|name| *name != "http/protobuf") {
            return Err(ConfigError::Invalid {
                name: "OTEL_EXPORTER_OTLP_PROTOCOL".to_owned(),
                reason: format!("{other:?}: only http/protobuf is spoken"),
            });
        }
        Ok(Self {
            traces: endpoint(env, "TRACES", "/v1/traces")?,
            logs: endpoint(env, "LOGS", "/v1/logs")?,
            timeout: env.millis_or("OTEL_EXPORTER_OTLP_TIMEOUT", 5_000)?,
            spans: Limits::from_env(env, "OTEL_BSP")?,
            records: Limits::from_env(env, "OTEL_BLRP")?,
        })
    }
}

/// A signal's own variable is a whole URL; the common one is a base.
fn endpoint(env: &Env, signal: &str, path: &str) -> Result<Option<String>, ConfigError> {
    let own = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
    let base = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let (name, url) = match (env.get(&own), env.get(base)) {
        (Some(url), _) => (own.as_str(), url.to_owned()),
        (None, Some(url)) => (base, format!("{}{path}", url.trim_end_matches('/'))),
        (None, None) => return Ok(None),
    };
    match url.parse::<url::Url>() {
        Ok(parsed) if parsed.scheme() == "http" => Ok(Some(url)),
        _ => Err(ConfigError::Invalid {
            name: name.to_owned(),
            reason: "it must be an http:// URL; a collector beside the service adds TLS".to_owned(),
        }),
    }
}

/// Has finished spans exported, if an endpoint is given.
pub(super) fn spans(
    builder: TracerProviderBuilder,
    config: &ExportConfig,
    resource: &Resource,
    tasks: &Tasks,
) -> Result<TracerProviderBuilder, ExporterBuildError> {
    let Some(endpoint) = &config.traces else {
        return Ok(builder);
    };
    let client = Client::new(config.timeout);
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_endpoint(endpoint)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(config.timeout)
        .build()?;
    exporter.set_resource(resource);
    let exporter = Otlp { exporter, client };
    let queue = Queue::spawn(Signal::Traces, config.spans, tasks, exporter);
    Ok(builder.with_span_processor(Spans(queue)))
}

/// The provider for the log bridge, if an endpoint is given.
pub(super) fn records(
    config: &ExportConfig,
    resource: &Resource,
    tasks: &Tasks,
) -> Result<Option<SdkLoggerProvider>, ExporterBuildError> {
    let Some(endpoint) = &config.logs else {
        return Ok(None);
    };
    let client = Client::new(config.timeout);
    let mut exporter = LogExporter::builder()
        .with_http()
        .with_http_client(client.clone())
        .with_endpoint(endpoint)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(config.timeout)
        .build()?;
    exporter.set_resource(resource);
    let exporter = Otlp { exporter, client };
    let queue = Queue::spawn(Signal::Logs, config.records, tasks, exporter);
    let provider = SdkLoggerProvider::builder()
        .with_resource(resource.clone())
        .with_log_processor(Records(queue))
        .build();
    Ok(Some(provider))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ExportConfig, ConfigError> {
        ExportConfig::from_env(&Env::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn without_an_endpoint_nothing_is_exported() {
        let config = read(&[]).unwrap();
        assert_eq!((config.traces, config.logs), (None, None));
    }

    #[test]
    fn the_common_endpoint_is_a_base_and_a_signals_own_is_the_whole_url() {
        let config = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/"),
            (
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                "http://127.0.0.1:9/logs",
            ),
        ])
        .unwrap();
        let traces = config.traces.as_deref();
        assert_eq!(traces, Some("http://127.0.0.1:4318/v1/traces"));
        assert_eq!(config.logs.as_deref(), Some("http://127.0.0.1:9/logs"));
    }

    #[test]
    fn what_cannot_be_spoken_is_refused_at_the_start() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://example.org"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }
}
