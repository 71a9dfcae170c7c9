//! What is counted, where, and what is not.

use super::*;

fn note(recorder: &Recorder, intended: Instant, took: Duration, fault: Option<&Fault>) {
    recorder.note(Operation {
        scenario: "buyer",
        endpoint: "POST /orders",
        is_write: true,
        intended,
        started: intended,
        ended: intended + took,
        status: Some(201),
        fault,
        trace_id: &format!("{}", took.as_millis()),
        key: None,
        order: None,
        order_status: None,
    });
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn only_what_was_meant_inside_the_window_is_measured() {
    let recorder = Recorder::default();
    let start = Instant::now();
    note(&recorder, start, MS, None);
    recorder.open(start + 100 * MS, 1000 * MS);
    note(&recorder, start + 50 * MS, 500 * MS, None);
    note(&recorder, start + 1099 * MS, 5000 * MS, None);
    note(&recorder, start + 1100 * MS, MS, None);
    let notes = recorder.take();
    assert_eq!((notes.set_up.requests(), notes.measured.requests()), (1, 1));
    let measured = &notes.measured.endpoints["POST /orders"];
    assert!(
        measured.latency_us.max() >= 5_000_000,
        "it counts although it ended later"
    );
}

#[test]
fn endpoints_together_have_the_percentiles_of_all_their_requests() {
    let recorder = Recorder::default();
    let start = Instant::now();
    recorder.open(start, 10_000 * MS);
    for ms in 1..=100 {
        note(&recorder, start, ms * MS, None);
    }
    let notes = recorder.take();
    let all = notes.measured.all();
    assert_eq!(all.latency_us.len(), 100);
    let p95 = all.latency_us.value_at_quantile(0.95);
    assert!((94_900..=95_200).contains(&p95), "{p95}");
    let slowest: Vec<&str> = all
        .slowest
        .iter()
        .map(|(_, trace)| trace.as_str())
        .collect();
    assert_eq!(slowest, ["100", "99", "98"]);
}

#[test]
fn faults_are_counted_by_sort_and_dropped_visits_are_errors() {
    let recorder = Recorder::default();
    let start = Instant::now();
    recorder.open(start, 10_000 * MS);
    let wrong = Fault::new(Kind::WrongAnswer, "another order");
    note(&recorder, start, MS, Some(&wrong));
    note(&recorder, start, MS, None);
    recorder.arrival(start, true);
    recorder.arrival(start + 2000 * MS, false);
    assert_eq!(recorder.so_far().errors, 2);
    let notes = recorder.take();
    assert_eq!((notes.arrivals, notes.dropped), (2, 1));
    assert_eq!(notes.measured.all().errors_of(Kind::WrongAnswer), 1);
    let errors: Vec<u64> = notes
        .measured
        .slices
        .iter()
        .map(|slice| slice.errors)
        .collect();
    assert_eq!(errors, [1, 0, 1]);
}

#[test]
fn a_write_without_a_clear_answer_is_unknown_and_a_read_is_not() {
    let now = Instant::now();
    let outcome_of = |is_write, status| {
        outcome(&Operation {
            scenario: "buyer",
            endpoint: "x",
            is_write,
            intended: now,
            started: now,
            ended: now,
            status,
            fault: None,
            trace_id: "",
            key: None,
            order: None,
            order_status: None,
        })
    };
    assert_eq!(outcome_of(true, Some(201)), Outcome::Ok);
    assert_eq!(outcome_of(true, Some(409)), Outcome::Failed);
    assert_eq!(outcome_of(true, Some(503)), Outcome::Unknown);
    assert_eq!(outcome_of(true, None), Outcome::Unknown);
    assert_eq!(outcome_of(false, None), Outcome::Failed);
}
