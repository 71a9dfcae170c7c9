//! Telemetry: spans and log records through OpenTelemetry, log lines, and the ids that travel with a request.
//!
//! Spans are made through `tracing`; `tracing-opentelemetry` gives each a W3C trace and span id, which [`propagation`]
//! carries over HTTP and Kafka. `sampling` decides which traces are kept, `export` sends them away. Whatever happens
//! there, the business does not wait for it. See docs/architecture/observability.md.

pub mod baggage;
mod export;
pub mod items;
pub mod log;
pub mod propagation;
pub mod request;
mod sampling;
pub mod span;
mod sql;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use opentelemetry_semantic_conventions::resource::{
    SERVICE_INSTANCE_ID, SERVICE_NAMESPACE, SERVICE_VERSION,
};
use tracing::{Dispatch, Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
    reload,
};

/// The semantic conventions' name of the user, in baggage, on spans and in log lines.
pub use opentelemetry_semantic_conventions::attribute::USER_ID;

pub use self::{export::ExportConfig, sampling::LiveSampler, sql::Observer};
use crate::{
    config::{ConfigError, Env},
    service::Tasks,
};

/// Changes the log level while the service runs. Traces are not touched by it.
pub type LevelHandle = reload::Handle<EnvFilter, Registry>;

/// How long the last spans and log records may take to leave. A collector that is away must not hold an exit up.
const SHUTDOWN_MAX: Duration = Duration::from_secs(2);

/// What is told to the telemetry of a service.
pub struct TelemetryConfig {
    /// `LOG_LEVEL`: an env-filter, `info` by default.
    level: EnvFilter,
    /// `LOG_FORMAT`: `json` (default) or `text`.
    format: log::Format,
    export: ExportConfig,
    /// `OTEL_TRACES_SAMPLER_FILE`: sampling strategies in Jaeger's format. Without it every trace is kept.
    strategies: Option<PathBuf>,
    /// The database in `DATABASE_URL`, for the spans of its statements.
    database: Option<String>,
}

impl TelemetryConfig {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A value that cannot be understood.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let level = env.get("LOG_LEVEL").unwrap_or("info");
        let level = EnvFilter::try_new(level).map_err(|error| ConfigError::Invalid {
            name: "LOG_LEVEL".to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self {
            level,
            format: env.parsed_or("LOG_FORMAT", log::Format::Json)?,
            export: ExportConfig::from_env(env)?,
            strategies: env.get("OTEL_TRACES_SAMPLER_FILE").map(PathBuf::from),
            database: env.get("DATABASE_URL").and_then(sql::namespace),
        })
    }
}

/// The running telemetry of a process.
pub struct Telemetry {
    /// Live control of the log level.
    pub level: LevelHandle,
    provider: SdkTracerProvider,
    tasks: Tasks,
    observer: Arc<OnceLock<Observer>>,
}

impl Telemetry {
    /// Installs the subscriber for the process. Call it inside the runtime that will export.
    ///
    /// # Errors
    /// A configuration that cannot be understood.
    pub fn install(service: &'static str, env: &Env) -> anyhow::Result<Self> {
        let config = TelemetryConfig::from_env(env)?;
        let (subscriber, telemetry) = Self::build(service, config, std::io::stdout)?;
        tracing::dispatcher::set_global_default(subscriber).context("subscriber")?;
        std::panic::set_hook(Box::new(log::panicked));
        Ok(telemetry)
    }

    /// The subscriber by itself, for whoever wants to install it otherwise; log lines go to `writer`.
    ///
    /// # Errors
    /// An exporter that cannot be built.
    pub fn build<W>(
        service: &'static str,
        config: TelemetryConfig,
        writer: W,
    ) -> anyhow::Result<(Dispatch, Self)>
    where
        W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
    {
        let tasks = Tasks::default();
        let resource = resource(service);
        let sampler = LiveSampler::default();
        if let Some(file) = config.strategies {
            sampling::watch(&sampler, service, file, &tasks);
        }
        let builder = SdkTracerProvider::builder()
            .with_sampler(sampler.parent_based())
            .with_resource(resource.clone());
        let provider = export::spans(builder, &config.export, &resource, &tasks)?.build();
        let records = export::records(&config.export, &resource, &tasks)?;
        let bridge = records.as_ref().map(OpenTelemetryTracingBridge::new);
        let mut logs = vec![log::LogLines::new(service, config.format, writer).boxed()];
        logs.extend(
            bridge.map(|bridge| bridge.with_filter(filter_fn(is_not_about_export)).boxed()),
        );

        let (filter, level) = reload::Layer::new(config.level);
        let tracer = provider.tracer("faultline");
        let observer = Arc::default();
        let statements =
            sql::Statements::new(tracer.clone(), config.database, Arc::clone(&observer));
        let subscriber = tracing_subscriber::registry()
            .with(logs.with_filter(filter))
            .with(spans(tracer).with_filter(filter_fn(belongs_on_a_trace).and(LevelFilter::INFO)))
            .with(
                statements
                    .with_filter(filter_fn(sql::is_statement).with_max_level_hint(Level::DEBUG)),
            );
        let telemetry = Self {
            level,
            provider,
            tasks,
            observer,
        };
        Ok((Dispatch::new(subscriber), telemetry))
    }

    /// Has each SQL statement's summary and duration told. The first observer stays.
    pub fn observe_statements(&self, observer: Observer) {
        let _ = self.observer.set(observer);
    }

    /// Sends what is still waiting, for two seconds at most. False if that was not enough.
    pub async fn shutdown(self) -> bool {
        // Ends the tracer; the queue's own end is waited for below. Nothing can be done about a failure here.
        let _ = self.provider.shutdown();
        self.tasks.stop(SHUTDOWN_MAX).await
    }
}

/// Who speaks. `OTEL_RESOURCE_ATTRIBUTES` adds to it, for example the environment's name.
fn resource(service: &'static str) -> Resource {
    Resource::builder()
        .with_service_name(service)
        .with_attributes([
            KeyValue::new(SERVICE_NAMESPACE, "faultline"),
            KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
            KeyValue::new(SERVICE_INSTANCE_ID, uuid::Uuid::now_v7().to_string()),
        ])
        .build()
}

/// Spans as the conventions want them: no source locations or thread names, and the status set by whoever knows, not by
/// the mere fact that something was logged inside.
fn spans<S>(
    tracer: opentelemetry_sdk::trace::SdkTracer,
) -> tracing_opentelemetry::OpenTelemetryLayer<S, opentelemetry_sdk::trace::SdkTracer>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_error_events_to_status(false)
}

/// Spans, and of the events those that tell of trouble: the others are found among the logs, by trace.
fn belongs_on_a_trace(meta: &Metadata<'_>) -> bool {
    meta.is_span() || (*meta.level() <= Level::WARN && meta.target() != sql::TARGET)
}

/// What the exporter's own HTTP client logs must not be exported: each export would cause the next.
fn is_not_about_export(meta: &Metadata<'_>) -> bool {
    let about = ["hyper", "reqwest", "opentelemetry"];
    !about
        .iter()
        .any(|library| meta.target().starts_with(library))
}
