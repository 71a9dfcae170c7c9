//! How conditions are read and judged.

use std::{collections::BTreeMap, time::Instant};

use super::*;
use crate::{
    fault::{Fault, Kind},
    recorder::{Operation, Tally},
};

fn tally(latencies_ms: impl IntoIterator<Item = u64>, fault: Option<&Fault>) -> Tally {
    let mut tally = Tally::sliced(Duration::from_secs(10));
    let start = Instant::now();
    for ms in latencies_ms {
        let operation = Operation {
            scenario: "browser",
            endpoint: "GET /products",
            is_write: false,
            intended: start,
            started: start,
            ended: start + Duration::from_millis(ms),
            status: Some(200),
            fault,
            trace_id: "t",
            key: None,
            order: None,
            order_status: None,
        };
        tally.add(&operation, Some(start));
    }
    tally
}

fn ok(text: &str, tally: &Tally) -> Option<bool> {
    let judged = Judged {
        tally,
        seconds: 10.0,
        objectives: &BTreeMap::new(),
    };
    judge(&[text.parse().unwrap()], &judged)[0].ok
}

#[test]
fn conditions_are_read_as_people_write_them() {
    for text in [
        "p95 < 100 ms",
        "p99.9 of POST /orders <= 1500 ms",
        "right >= 99.9 %",
        "rate > 100",
    ] {
        assert_eq!(text.parse::<Threshold>().unwrap().to_string(), text);
    }
    assert_eq!(
        "max<1.5s".parse::<Threshold>().unwrap().to_string(),
        "max < 1500 ms"
    );
}

#[test]
fn what_makes_no_sense_is_answered_with_what_would() {
    for (text, words) in [
        ("p95", "compares nothing"),
        ("p955 < 1 s", "did you mean p95?"),
        ("rihgt >= 99 %", "did you mean right?"),
        ("p95 < 100", "write for example 100 ms"),
        ("right >= 0.999", "write for example 99.9 %"),
        ("right >= 120 %", "percentage"),
    ] {
        let error = text.parse::<Threshold>().unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn latencies_shares_and_rates_are_judged() {
    let tally = tally(1..=100, None);
    assert_eq!(ok("p95 < 96 ms", &tally), Some(true));
    assert_eq!(ok("p95 < 95 ms", &tally), Some(false));
    assert_eq!(ok("p95 of GET /products < 96 ms", &tally), Some(true));
    assert_eq!(ok("rate >= 10", &tally), Some(true));
    assert_eq!(ok("rate > 10", &tally), Some(false));
    assert_eq!(ok("right >= 100 %", &tally), Some(true));
}

#[test]
fn a_condition_on_what_did_not_happen_is_not_met() {
    assert_eq!(
        ok("p95 of POST /orders < 1 s", &tally(1..=9, None)),
        Some(false)
    );
    assert_eq!(ok("right >= 1 %", &tally([], None)), Some(false));
}

#[test]
fn wrong_answers_and_dropped_visits_are_not_right() {
    let wrong = Fault::new(Kind::WrongAnswer, "x");
    assert_eq!(
        ok("right >= 0.1 %", &tally(1..=10, Some(&wrong))),
        Some(false)
    );
    let mut dropped = tally(1..=9, None);
    dropped.dropped(Duration::ZERO);
    assert_eq!(ok("right >= 90 %", &dropped), Some(true));
    assert_eq!(ok("right > 90 %", &dropped), Some(false));
}

#[test]
fn the_shops_objectives_are_conditions_with_the_bounds_that_stand_in_its_file() {
    let spec = Spec::parse(slo::shipped::OBJECTIVES).unwrap();
    let thresholds = from_objectives(&spec);
    let texts: Vec<String> = thresholds.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "available >= 99.9 %",
            "right >= 99.9 %",
            "answered within 100 ms >= 95 %",
            "orders not lost by the shop >= 99.5 %",
            "event-freshness, as the shop measured it >= 99 %",
        ]
    );
}

#[test]
fn the_shops_own_failures_count_against_the_checkout_and_declined_cards_do_not() {
    let spec = Spec::parse(slo::shipped::OBJECTIVES).unwrap();
    let kept = |orders: &[(&str, u64)]| {
        let mut tally = tally([1], None);
        tally.orders = orders.iter().map(|(o, n)| ((*o).to_owned(), *n)).collect();
        let judged = Judged {
            tally: &tally,
            seconds: 1.0,
            objectives: &BTreeMap::new(),
        };
        let outcomes = judge(&from_objectives(&spec), &judged);
        outcomes
            .iter()
            .find(|o| o.objective.as_deref() == Some("checkout"))
            .unwrap()
            .ok
    };
    assert_eq!(
        kept(&[("paid", 90), ("cancelled: payment_declined", 10)]),
        Some(true)
    );
    assert_eq!(
        kept(&[("paid", 90), ("cancelled: timed_out", 1)]),
        Some(false)
    );
    assert_eq!(kept(&[]), None, "without orders there is nothing to say");
}

#[test]
fn what_only_the_shop_can_measure_is_taken_from_the_shop() {
    let threshold = Threshold {
        metric: Metric::Objective("event-freshness".to_owned()),
        endpoint: None,
        order: Order::AtLeast,
        bound: 99.0,
        objective: Some("event-freshness".to_owned()),
    };
    for (share, expected) in [
        (Some(99.5), Some(true)),
        (Some(98.0), Some(false)),
        (None, None),
    ] {
        let objectives = share.map(|share| ("event-freshness".to_owned(), share));
        let objectives: BTreeMap<_, _> = objectives.into_iter().collect();
        let tally = tally([1], None);
        let judged = Judged {
            tally: &tally,
            seconds: 1.0,
            objectives: &objectives,
        };
        assert_eq!(
            judge(std::slice::from_ref(&threshold), &judged)[0].ok,
            expected
        );
    }
}
