//! What came of the comparison: figures of each gateway over all rounds, and the ratios that they were made for.

use std::{fmt, time::Duration};

use loadtest::noise::Spread;
use serde::Serialize;

use super::{contender::Contender, wrk::Measured};
use crate::term::{self, Column, Paint, note, table};

/// How it was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Setting {
    pub(super) request: &'static str,
    /// Of each measurement.
    pub(super) seconds: u64,
    /// Asked for; fewer were made if somebody stopped it.
    pub(super) rounds: u32,
    pub(super) connections: u32,
    pub(super) express_processes: u32,
    /// Of the machine.
    pub(super) cores: usize,
}

/// One gateway in one round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    contender: Contender,
    requests_per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    processor_ms_per_request: Option<f64>,
}

/// One gateway over all rounds.
#[derive(Clone, Debug, Serialize)]
struct Gateway {
    name: &'static str,
    requests_per_second: Spread,
    p50_ms: Spread,
    p95_ms: Spread,
    p99_ms: Spread,
    /// Of all its processes; not of what it asks (Redis, the service).
    processor_ms_per_request: Option<Spread>,
}

/// The whole comparison.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    setting: Setting,
    gateways: Vec<Gateway>,
    /// Requests a second of faultline's gateway for one of the other's, round by round.
    faultline_to_nginx: Spread,
    faultline_to_express: Spread,
}

impl Sample {
    #[expect(
        clippy::cast_precision_loss,
        reason = "requests and microseconds of minutes are far below 2^52"
    )]
    pub(super) fn of(contender: Contender, measured: &Measured, spent: Option<Duration>) -> Self {
        let ms = |us: u64| us as f64 / 1e3;
        let requests = measured.requests as f64;
        Self {
            contender,
            requests_per_second: requests * 1e6 / measured.duration_us.max(1) as f64,
            p50_ms: ms(measured.p50_us),
            p95_ms: ms(measured.p95_us),
            p99_ms: ms(measured.p99_us),
            processor_ms_per_request: spent.map(|spent| spent.as_secs_f64() * 1e3 / requests),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.requests_per_second;
        write!(f, "{} {rate:.0} requests a second", self.contender.name())
    }
}

impl Outcome {
    /// None without a whole round.
    pub(super) fn of(setting: Setting, rounds: &[Vec<Sample>]) -> Option<Self> {
        let gateways: Option<Vec<Gateway>> = Contender::ALL
            .into_iter()
            .map(|contender| Gateway::of(contender, rounds))
            .collect();
        Some(Self {
            setting,
            gateways: gateways?,
            faultline_to_nginx: ratio(rounds, Contender::Nginx)?,
            faultline_to_express: ratio(rounds, Contender::Express)?,
        })
    }

    /// For people.
    pub(super) fn show(&self) {
        let heading = [
            ("GATEWAY", Column::Left),
            ("REQUESTS/S", Column::Right),
            ("±", Column::Right),
            ("P50 MS", Column::Right),
            ("P95 MS", Column::Right),
            ("P99 MS", Column::Right),
            ("CPU MS/REQUEST", Column::Right),
        ];
        let rows: Vec<Vec<String>> = self.gateways.iter().map(Gateway::row).collect();
        table(&heading, &rows, |_, _, text| text)
            .into_iter()
            .for_each(term::out);
        let paint = Paint::stdout();
        for (ratio, other) in [
            (self.faultline_to_nginx, "nginx, which only passes on"),
            (self.faultline_to_express, "Express"),
        ] {
            let times = paint.bold(format!("{:.2}", ratio.median));
            term::out(format!(
                "faultline's gateway answers {times} times as many requests as {other} ({:.2} to {:.2})",
                ratio.min, ratio.max
            ));
        }
        let setting = &self.setting;
        let processes = match setting.express_processes {
            1 => "one process".to_owned(),
            count => format!("{count} processes"),
        };
        note(format!(
            "{} over {} connections, {} s each, medians of {} rounds; {} cores, shared with wrk, the service, Redis and the \
             lab; Express has {processes}",
            setting.request,
            setting.connections,
            setting.seconds,
            self.faultline_to_nginx.runs,
            setting.cores,
        ));
    }
}

impl Gateway {
    fn of(contender: Contender, rounds: &[Vec<Sample>]) -> Option<Self> {
        let own = || {
            rounds
                .iter()
                .flatten()
                .filter(move |one| one.contender == contender)
        };
        let spread = |value: fn(&Sample) -> f64| Spread::of(&own().map(value).collect::<Vec<_>>());
        let processor: Option<Vec<f64>> = own().map(|one| one.processor_ms_per_request).collect();
        Some(Self {
            name: contender.name(),
            requests_per_second: spread(|one| one.requests_per_second)?,
            p50_ms: spread(|one| one.p50_ms)?,
            p95_ms: spread(|one| one.p95_ms)?,
            p99_ms: spread(|one| one.p99_ms)?,
            processor_ms_per_request: processor.as_deref().and_then(Spread::of),
        })
    }

    fn row(&self) -> Vec<String> {
        let rate = self.requests_per_second;
        let processor = self.processor_ms_per_request;
        vec![
            self.name.to_owned(),
            format!("{:.0}", rate.median),
            format!("{:.0} %", rate.percent()),
            format!("{:.2}", self.p50_ms.median),
            format!("{:.2}", self.p95_ms.median),
            format!("{:.2}", self.p99_ms.median),
            processor.map_or_else(|| "–".to_owned(), |spread| format!("{:.3}", spread.median)),
        ]
    }
}

/// Of each round by itself: what slows the machine down for a while slows both.
fn ratio(rounds: &[Vec<Sample>], other: Contender) -> Option<Spread> {
    let rate = |round: &[Sample], contender: Contender| {
        let own = round.iter().find(|one| one.contender == contender)?;
        Some(own.requests_per_second)
    };
    let ratios: Option<Vec<f64>> = rounds
        .iter()
        .map(|round| Some(rate(round, Contender::Faultline)? / rate(round, other)?))
        .collect();
    Spread::of(&ratios?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(rates: [u64; 3]) -> Vec<Sample> {
        let sample = |(contender, requests): (Contender, u64)| {
            let measured = Measured {
                requests,
                duration_us: 1_000_000,
                p50_us: 1_500,
                p95_us: 2_500,
                p99_us: 3_500,
                broken: 0,
                refused: 0,
            };
            Sample::of(contender, &measured, Some(Duration::from_millis(requests)))
        };
        Contender::ALL.into_iter().zip(rates).map(sample).collect()
    }

    fn outcome(rounds: &[Vec<Sample>]) -> Option<Outcome> {
        let setting = Setting {
            request: "GET /",
            seconds: 1,
            rounds: 3,
            connections: 1,
            express_processes: 1,
            cores: 2,
        };
        Outcome::of(setting, rounds)
    }

    #[test]
    fn ratios_are_those_of_each_round_so_that_a_slow_minute_does_not_count_against_one() {
        let rounds = [round([50, 100, 5]), round([5, 10, 1]), round([50, 100, 10])];
        let outcome = outcome(&rounds).unwrap();
        assert_eq!(outcome.faultline_to_nginx.median, 0.5);
        assert_eq!(outcome.faultline_to_nginx.percent(), 0.0);
        assert_eq!(outcome.faultline_to_express.median, 5.0);
        assert_eq!(outcome.faultline_to_express.max, 10.0);
    }

    #[test]
    fn processor_time_is_that_of_one_request() {
        let outcome = outcome(&[round([100, 100, 100])]).unwrap();
        let processor = outcome.gateways[0].processor_ms_per_request.unwrap();
        assert_eq!(processor.median, 1.0);
        assert_eq!(outcome.gateways[2].row()[1], "100");
    }

    #[test]
    fn without_a_whole_round_nothing_is_compared() {
        assert!(outcome(&[]).is_none());
    }
}
