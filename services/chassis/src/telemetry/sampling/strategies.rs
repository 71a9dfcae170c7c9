//! The strategies file, and what it says about one service. Pure, but for the clock of the rate limit.

use std::{collections::HashMap, sync::Mutex, time::Instant};

use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::SamplingDecision;
use serde::Deserialize;

/// The file.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Strategies {
    #[serde(default)]
    service_strategies: Vec<OfService>,
    #[serde(default)]
    default_strategy: Option<Entry>,
}

#[derive(Debug, Deserialize)]
struct OfService {
    service: String,
    #[serde(flatten)]
    entry: Entry,
}

#[derive(Clone, Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: Kind,
    param: f64,
    #[serde(default)]
    operation_strategies: Vec<OfOperation>,
}

#[derive(Clone, Debug, Deserialize)]
struct OfOperation {
    operation: String,
    #[serde(rename = "type")]
    kind: Kind,
    param: f64,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// `param` is the share of traces, 0 to 1.
    Probabilistic,
    /// `param` is traces a second.
    RateLimiting,
}

impl Strategies {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong, for a person. A file is taken as a whole or not at all.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let services = read.service_strategies.iter().map(|of| &of.entry);
        for entry in services.chain(&read.default_strategy) {
            check(entry.kind, entry.param)?;
            for of in &entry.operation_strategies {
                if of.kind == Kind::RateLimiting {
                    return Err(format!("{}: operations are probabilistic", of.operation));
                }
                check(of.kind, of.param)?;
            }
        }
        Ok(read)
    }

    /// What holds for a service. As in Jaeger, operations of the default strategy hold for every service that does not
    /// name them itself.
    pub(super) fn of(&self, service: &str) -> Strategy {
        let own = self
            .service_strategies
            .iter()
            .find(|of| of.service == service);
        let (own, default) = (own.map(|of| &of.entry), self.default_strategy.as_ref());
        let entries = default.into_iter().chain(own);
        let operations = entries.flat_map(|entry| &entry.operation_strategies);
        Strategy {
            operations: operations
                .map(|of| (of.operation.clone(), of.param))
                .collect(),
            other: own.or(default).map_or(Rule::Share(1.0), Rule::from),
        }
    }
}

fn check(kind: Kind, param: f64) -> Result<(), String> {
    let max = match kind {
        Kind::Probabilistic => 1.0,
        Kind::RateLimiting => f64::MAX,
    };
    if (0.0..=max).contains(&param) {
        Ok(())
    } else {
        Err(format!("param {param} of a {kind:?} strategy is out of range").to_lowercase())
    }
}

/// How roots of traces are sampled in one service. By default all are.
#[derive(Debug)]
pub(super) struct Strategy {
    /// Share of traces by the name of the root span.
    operations: HashMap<String, f64>,
    other: Rule,
}

impl Default for Strategy {
    fn default() -> Self {
        Strategies::default().of("")
    }
}

#[derive(Debug)]
enum Rule {
    Share(f64),
    Rate {
        per_second: f64,
        bucket: Mutex<Bucket>,
    },
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl From<&Entry> for Rule {
    fn from(entry: &Entry) -> Self {
        match entry.kind {
            Kind::Probabilistic => Self::Share(entry.param),
            Kind::RateLimiting => Self::Rate {
                per_second: entry.param,
                bucket: Mutex::new(Bucket {
                    tokens: entry.param.max(1.0),
                    at: Instant::now(),
                }),
            },
        }
    }
}

impl Strategy {
    pub(super) fn decide(&self, trace_id: TraceId, operation: &str) -> SamplingDecision {
        let keep = match (self.operations.get(operation), &self.other) {
            (Some(share), _) | (None, Rule::Share(share)) => within(*share, trace_id),
            (None, Rule::Rate { per_second, bucket }) => {
                let mut bucket = bucket.lock().expect("no panic while held");
                bucket.take(*per_second, Instant::now())
            }
        };
        if keep {
            SamplingDecision::RecordAndSample
        } else {
            SamplingDecision::Drop
        }
    }
}

/// Decided by the trace's id, as OpenTelemetry's `TraceIdRatioBased` does, so that services with one share agree.
fn within(share: f64, trace_id: TraceId) -> bool {
    let bytes = trace_id.to_bytes();
    let random = u64::from_be_bytes(bytes[8..].try_into().expect("half of sixteen bytes")) >> 1;
    #[expect(clippy::cast_precision_loss, reason = "a share is not that exact")]
    let position = random as f64 / (1_u64 << 63) as f64;
    position < share
}

impl Bucket {
    fn take(&mut self, per_second: f64, now: Instant) -> bool {
        let earned = now.duration_since(self.at).as_secs_f64() * per_second;
        self.at = now;
        self.tokens = (self.tokens + earned).min(per_second.max(1.0));
        let enough = self.tokens >= 1.0 && per_second > 0.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FILE: &str = r#"{
        "service_strategies": [
            {"service": "order", "type": "probabilistic", "param": 0.5,
             "operation_strategies": [
                {"operation": "POST /api/v1/orders", "type": "probabilistic", "param": 1.0}]},
            {"service": "user", "type": "ratelimiting", "param": 2}],
        "default_strategy": {"type": "probabilistic", "param": 0.0,
            "operation_strategies": [
                {"operation": "GET /api/v1/users/me", "type": "probabilistic", "param": 1.0}]}}"#;

    fn kept(strategy: &Strategy, operation: &str) -> usize {
        let ids = (0..1_000_u128).map(|n| TraceId::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        ids.filter(|id| {
            matches!(
                strategy.decide(*id, operation),
                SamplingDecision::RecordAndSample
            )
        })
        .count()
    }

    #[test]
    fn a_service_has_its_own_share_and_others_the_default() {
        let strategies = Strategies::parse(FILE).unwrap();
        let order = strategies.of("order");
        assert!(
            (450..=550).contains(&kept(&order, "x")),
            "{}",
            kept(&order, "x")
        );
        assert_eq!(kept(&order, "POST /api/v1/orders"), 1_000);
        assert_eq!(kept(&order, "GET /api/v1/users/me"), 1_000);
        assert_eq!(kept(&strategies.of("payment"), "x"), 0);
        assert_eq!(kept(&Strategy::default(), "x"), 1_000);
    }

    #[test]
    fn a_rate_holds_over_time() {
        let start = Instant::now();
        let mut bucket = Bucket {
            tokens: 2.0,
            at: start,
        };
        let taken = (0..1_000).filter(|ms| bucket.take(2.0, start + Duration::from_millis(*ms)));
        // Two saved up, and two earned within the second, the last of them just not.
        assert_eq!(taken.count(), 3);
        assert!(!bucket.take(0.0, start + Duration::from_secs(9)));
    }

    #[test]
    fn nonsense_is_refused_with_the_reason() {
        for (text, reason) in [
            ("{", "EOF"),
            (
                r#"{"default_strategy":{"type":"probabilistic","param":1.5}}"#,
                "out of range",
            ),
            (
                r#"{"default_strategy":{"type":"ratelimiting","param":-1}}"#,
                "out of range",
            ),
            (r#"{"default_strategy":{"type":"dice","param":1}}"#, "dice"),
        ] {
            let error = Strategies::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
