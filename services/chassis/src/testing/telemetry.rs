//! Real telemetry for one test: the subscriber of a service on the test's own thread, exporting to a collector.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::dispatcher::{DefaultGuard, Dispatch};

use super::otlp::{Collector, Seen};
use crate::{
    config::Env,
    telemetry::{Telemetry, TelemetryConfig},
};

/// The telemetry of one test. It sees what runs on the test's thread: a current-thread runtime's tasks.
pub struct Traced {
    telemetry: Telemetry,
    collector: Collector,
    lines: Lines,
    _guard: DefaultGuard,
    /// With one dispatcher in the process, tracing asks that of the *current thread* whether a place is of interest:
    /// another test's thread, which has none, would switch the place off for all. With two it asks them all.
    _company: Dispatch,
}

/// What a service has said about itself by the end of a test.
pub struct Said {
    /// What left over OTLP.
    pub otlp: Seen,
    /// The log lines.
    pub lines: String,
}

impl Traced {
    /// Installs it for a service. `variables` add to its environment, or replace the collector by another endpoint.
    pub async fn install(service: &'static str, variables: &[(&str, &str)]) -> Self {
        let collector = Collector::start().await;
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
        // The collector is served by the test's own thread, which may be busy for a while.
        let patience = ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000");
        let env = Env::from_pairs([&[endpoint, patience], variables].concat());
        let lines = Lines::default();
        let writer = lines.clone();
        let config = TelemetryConfig::from_env(&env).expect("the variables make sense");
        let (subscriber, telemetry) = Telemetry::build(service, config, move || writer.clone())
            .expect("an exporter can be built");
        Self {
            telemetry,
            collector,
            lines,
            _guard: tracing::dispatcher::set_default(&subscriber),
            _company: Dispatch::new(tracing_subscriber::registry()),
        }
    }

    /// What has arrived at the collector so far.
    pub fn seen(&self) -> Seen {
        self.collector.seen()
    }

    /// Ends the telemetry, as a service does. False if not everything could be sent in time.
    pub async fn shutdown(self) -> bool {
        self.telemetry.shutdown().await
    }

    /// Ends the telemetry, which sends everything, and returns it.
    pub async fn end(self) -> Said {
        assert!(self.telemetry.shutdown().await, "the collector answers");
        Said {
            otlp: self.collector.seen(),
            lines: self.lines.text(),
        }
    }
}

impl Said {
    /// No log line, span or log record holds one of these. `spoken` must be there: silence would prove nothing.
    pub fn assert_silent_about(&self, secrets: &[&str], spoken: &str) {
        let otlp = String::from_utf8_lossy(&self.otlp.raw);
        for (what, text) in [("log lines", &*self.lines), ("OTLP", &*otlp)] {
            assert!(text.contains(spoken), "{spoken} is in the {what}");
            for secret in secrets {
                let found = text.lines().find(|line| line.contains(secret));
                assert!(found.is_none(), "{secret} is in the {what}: {found:?}");
            }
        }
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("no panic while held").clone();
        String::from_utf8(bytes).expect("log lines are UTF-8")
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while held").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
