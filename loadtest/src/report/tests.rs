//! Reports of made-up runs.

use std::time::{Duration, Instant};

use chrono::Utc;

use super::*;
use crate::{
    fault::{self, Kind},
    recorder::{Operation, Recorder},
};

/// A run of ten seconds in which `note` did things at its beginning.
pub(crate) fn finished(note: impl Fn(&Recorder, Instant)) -> Finished {
    let recorder = Recorder::default();
    let start = Instant::now();
    recorder.open(start, Duration::from_secs(10));
    note(&recorder, start);
    Finished {
        window: (Utc::now(), Utc::now()),
        stopped_early: false,
        seed: crate::dice::Seed(7),
        notes: recorder.take(),
        usage: Usage {
            generator_cores: 0.2,
            cores: 2,
            machine_percent: Some(60.0),
        },
    }
}

pub(crate) fn answer(
    recorder: &Recorder,
    intended: Instant,
    late_ms: u64,
    fault: Option<&fault::Fault>,
) {
    let started = intended + Duration::from_millis(late_ms);
    recorder.note(Operation {
        scenario: "buyer",
        endpoint: "POST /orders",
        is_write: true,
        intended,
        started,
        ended: started + Duration::from_millis(20),
        status: Some(201),
        fault,
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        key: None,
        order: None,
        order_status: None,
    });
}

pub(crate) fn report(run: &Finished) -> Report {
    let profile = Profile::shipped("demo").unwrap();
    let thresholds = ["right >= 99 %".parse().unwrap()];
    Report::of(&profile, run, &thresholds, None)
}

fn limiters(run: &Finished) -> Vec<Limiter> {
    report(run)
        .limited_by
        .iter()
        .map(|limit| limit.by)
        .collect()
}

#[test]
fn a_run_in_which_everything_was_offered_is_limited_by_nothing() {
    let run = finished(|recorder, start| {
        recorder.arrival(start, true);
        answer(recorder, start, 0, None);
    });
    assert_eq!(limiters(&run), [Limiter::Schedule]);
    assert_eq!(report(&run).verdict(), Verdict::Passed);
}

#[test]
fn a_generator_that_is_late_is_the_bottleneck_and_its_delay_is_in_the_figures() {
    let run = finished(|recorder, start| (0..10).for_each(|_| answer(recorder, start, 50, None)));
    assert_eq!(limiters(&run), [Limiter::Generator]);
    let report = report(&run);
    assert!(report.all.p50_ms >= 70.0, "{}", report.all.p50_ms);
    assert!((report.late_percent - 100.0).abs() < 1e-9);
}

#[test]
fn a_generator_that_takes_the_shops_cores_is_the_bottleneck() {
    let mut run = finished(|recorder, start| answer(recorder, start, 0, None));
    run.usage.generator_cores = 1.5;
    run.usage.machine_percent = Some(99.0);
    assert_eq!(limiters(&run), [Limiter::Generator, Limiter::Machine]);
}

#[test]
fn dropped_visits_and_rate_limits_are_named() {
    let run = finished(|recorder, start| {
        recorder.arrival(start, false);
        let limited = fault::Fault::new(Kind::Limited, "429 too_many_requests");
        answer(recorder, start, 0, Some(&limited));
    });
    assert_eq!(limiters(&run), [Limiter::InFlight, Limiter::RateLimit]);
    let report = report(&run);
    assert_eq!((report.verdict(), report.errors()), (Verdict::Failed, 2));
    assert_eq!(report.right_percent, Some(0.0));
}

#[test]
fn a_run_without_an_answer_has_no_data() {
    assert_eq!(report(&finished(|_, _| {})).verdict(), Verdict::NoData);
}

#[test]
fn a_report_comes_back_from_its_json() {
    let run = finished(|recorder, start| answer(recorder, start, 0, None));
    let report = report(&run);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}
