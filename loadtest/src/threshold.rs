//! What a run has to reach: `p95 < 100 ms`, `p99 of POST /orders < 500 ms`, `right >= 99.9 %`, `rate >= 100`, or `slo` for
//! what `alerts/slo.yaml` promises.

mod judge;

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};
use slo::Spec;

pub use self::judge::{Judged, judge};
use crate::words::nearest;

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub enum Metric {
    /// A quantile of latency, 0 to 1; 1 is the slowest.
    Latency(f64),
    /// The share of requests answered within this time, percent; server errors left out.
    Within(Duration),
    /// The share of right answers, percent.
    Right,
    /// The share of answers that are no server error, percent. No answer at all is a server error.
    Available,
    /// Requests a second.
    Rate,
    /// Orders settled a second.
    Orders,
    /// The share of settled orders that were not cancelled because the shop failed, percent.
    Kept,
    /// An objective that only the shop itself can measure, by name; percent of good events.
    Objective(String),
}

/// Which side of the bound is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// What is looked at.
    pub metric: Metric,
    /// Of one endpoint only, as in `POST /orders`.
    pub endpoint: Option<String>,
    /// Which side is good.
    pub order: Order,
    /// Milliseconds, percent, or a number a second.
    pub bound: f64,
    /// The objective it stands for, if it comes from `alerts/slo.yaml`.
    pub objective: Option<String>,
}

const METRICS: [&str; 10] = [
    "p50", "p90", "p95", "p99", "p99.9", "max", "right", "rate", "orders", "slo",
];

impl FromStr for Threshold {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (left, order, right) = split(text).ok_or_else(|| {
            format!(
                "{text:?} compares nothing; write for example `p95 < 100 ms` or `right >= 99.9 %`"
            )
        })?;
        let (name, endpoint) = match left.split_once(" of ") {
            Some((name, endpoint)) => (name.trim(), Some(endpoint.trim().to_owned())),
            None => (left, None),
        };
        let metric = match name {
            "right" => Metric::Right,
            "rate" => Metric::Rate,
            "orders" => Metric::Orders,
            "max" => Metric::Latency(1.0),
            _ => Metric::Latency(quantile(name)?),
        };
        let bound = bound(&metric, right)
            .ok_or_else(|| format!("{right:?} in {text:?} is no {}", unit_in_words(&metric)))?;
        Ok(Self {
            metric,
            endpoint,
            order,
            bound,
            objective: None,
        })
    }
}

fn split(text: &str) -> Option<(&str, Order, &str)> {
    let signs = [
        ("<=", Order::AtMost),
        (">=", Order::AtLeast),
        ("<", Order::Below),
        (">", Order::Above),
    ];
    signs.into_iter().find_map(|(sign, order)| {
        let (left, right) = text.split_once(sign)?;
        Some((left.trim(), order, right.trim()))
    })
}

fn quantile(name: &str) -> Result<f64, String> {
    let percent = name.strip_prefix('p').and_then(|p| p.parse::<f64>().ok());
    let known = percent.filter(|p| METRICS.contains(&name) && *p > 0.0);
    known.map(|p| p / 100.0).ok_or_else(|| {
        let hint = nearest(name, METRICS).map(|near| format!("; did you mean {near}?"));
        format!(
            "{name:?} is nothing that is measured; there are {}{}",
            METRICS.join(", "),
            hint.unwrap_or_default()
        )
    })
}

fn bound(metric: &Metric, text: &str) -> Option<f64> {
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|n| n.is_finite() && *n >= 0.0)
    };
    match metric {
        Metric::Latency(_) | Metric::Within(_) => match text.strip_suffix("ms") {
            Some(ms) => number(ms),
            None => number(text.strip_suffix('s')?).map(|s| s * 1e3),
        },
        Metric::Rate | Metric::Orders => number(text),
        _ => number(text.strip_suffix('%')?).filter(|percent| *percent <= 100.0),
    }
}

fn unit_in_words(metric: &Metric) -> &'static str {
    match metric {
        Metric::Latency(_) | Metric::Within(_) => "time; write for example 100 ms or 1.5 s",
        Metric::Rate | Metric::Orders => "number a second; write for example 100",
        _ => "percentage; write for example 99.9 %",
    }
}

impl Order {
    /// Whether a value is on the good side.
    #[must_use]
    pub fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Below => value < bound,
            Self::AtMost => value <= bound,
            Self::Above => value > bound,
            Self::AtLeast => value >= bound,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl Metric {
    /// A value as people read it.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        match self {
            Self::Latency(_) => format!("{value:.1} ms"),
            Self::Rate | Self::Orders => format!("{value:.1}"),
            _ => format!("{value:.3} %"),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(1.0) => f.write_str("max"),
            Self::Latency(quantile) => write!(f, "p{}", (quantile * 1e5).round() / 1e3),
            Self::Within(time) => write!(f, "answered within {} ms", time.as_millis()),
            Self::Right => f.write_str("right"),
            Self::Available => f.write_str("available"),
            Self::Rate => f.write_str("rate"),
            Self::Orders => f.write_str("orders"),
            Self::Kept => f.write_str("orders not lost by the shop"),
            Self::Objective(name) => write!(f, "{name}, as the shop measured it"),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.metric)?;
        if let Some(endpoint) = &self.endpoint {
            write!(f, " of {endpoint}")?;
        }
        let unit = match self.metric {
            Metric::Latency(_) => " ms",
            Metric::Rate | Metric::Orders => "",
            _ => " %",
        };
        write!(f, " {} {}{unit}", self.order.sign(), self.bound)
    }
}

/// What the objectives promise, as conditions on a run. Those that a customer can see are measured by the customer,
/// from outside; the others by the shop.
#[must_use]
pub fn from_objectives(spec: &Spec) -> Vec<Threshold> {
    let of = |slo: &slo::Slo| {
        let metric = match slo.name.as_str() {
            "availability" => Metric::Available,
            "latency" => Metric::Within(latency_bound(slo)?),
            "checkout" => Metric::Kept,
            name => Metric::Objective(name.to_owned()),
        };
        Some(Threshold {
            metric,
            endpoint: None,
            order: Order::AtLeast,
            bound: slo.objective,
            objective: Some(slo.name.clone()),
        })
    };
    let mut thresholds: Vec<Threshold> = spec.slos.iter().filter_map(of).collect();
    // A wrong answer is no better than none, which no status code tells: held to the same promise.
    if let Some(available) = thresholds.iter().find(|t| t.metric == Metric::Available) {
        let right = Threshold {
            metric: Metric::Right,
            ..available.clone()
        };
        thresholds.insert(1, right);
    }
    thresholds
}

/// The bucket that the objective counts: the one place where its bound is written down.
fn latency_bound(slo: &slo::Slo) -> Option<Duration> {
    let (_, behind) = slo.sli.events.error_query.split_once("le=\"")?;
    let (seconds, _) = behind.split_once('"')?;
    Some(Duration::from_secs_f64(seconds.parse().ok()?))
}

/// How a condition came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The condition in words.
    pub threshold: String,
    /// The objective that it stands for.
    pub objective: Option<String>,
    /// What was measured, in words; none when there was nothing to measure.
    pub observed: Option<String>,
    /// Whether it holds; none when nothing can be said.
    pub ok: Option<bool>,
}

#[cfg(test)]
mod tests;
