//! Telemetry: tracing with OpenTelemetry contexts, JSON logs, and the ids that travel with a request.
//!
//! Spans are made through `tracing`; `tracing-opentelemetry` gives each a W3C trace and span id, which [`propagation`]
//! carries over HTTP and Kafka, and which [`log`] writes on every line.

pub mod log;
pub mod propagation;
pub mod request;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing_subscriber::{
    EnvFilter, Registry, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use crate::config::{ConfigError, Env};

/// Changes the log level while the service runs.
pub type LevelHandle = reload::Handle<EnvFilter, Registry>;

/// Keeps the tracer alive; dropping it at the end of `main` flushes.
pub struct Telemetry {
    provider: SdkTracerProvider,
    /// Live control of the log level.
    pub level: LevelHandle,
}

impl Telemetry {
    /// Installs the global subscriber. `LOG_FORMAT` is `json` (default) or `text`; `LOG_LEVEL` an env-filter.
    ///
    /// # Errors
    /// A log level or format that cannot be understood.
    pub fn install(service: &'static str, env: &Env) -> Result<Self, ConfigError> {
        let filter = env.get("LOG_LEVEL").unwrap_or("info");
        let filter = EnvFilter::try_new(filter).map_err(|error| ConfigError::Invalid {
            name: "LOG_LEVEL".to_owned(),
            reason: error.to_string(),
        })?;
        let format = env.parsed_or("LOG_FORMAT", log::Format::Json)?;
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(service).build())
            .build();
        let (filter, level) = reload::Layer::new(filter);
        tracing_subscriber::registry()
            .with(filter)
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer(service)))
            .with(log::layer(service, format))
            .init();
        Ok(Self { provider, level })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // Nothing can be done about a failed flush at exit, and nothing depends on it.
        let _ = self.provider.shutdown();
    }
}
