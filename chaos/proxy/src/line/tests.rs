//! Each fault by itself, and what holds for any of them together.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::fault::Toll;
use crate::toxic::{Stream, Toxic};

const MS: Duration = Duration::from_millis(1);

fn line() -> Line {
    Line::new(Identity {
        seed: 7,
        edge: "order->payment".into(),
        connection: 1,
    })
}

fn fault(id: u64, toxic: Toxic) -> Arc<Fault> {
    Arc::new(Fault {
        id,
        name: format!("f{id}"),
        toxic,
        stream: Stream::Downstream,
        toxicity: 1.0,
        toll: Arc::new(Toll::default()),
        attempts: Arc::default(),
    })
}

fn latency(id: u64, latency: u32, jitter: u32) -> Arc<Fault> {
    let (latency, jitter) = (MS * latency, MS * jitter);
    fault(id, Toxic::Latency { latency, jitter })
}

/// Plays the line to its next rest: what it lets out, when, and how it rests.
fn play(line: &mut Line, now: Instant) -> (Vec<(Duration, Vec<u8>)>, Step) {
    let (mut out, mut at) = (Vec::new(), now);
    loop {
        match line.next(at) {
            Step::Send => {
                let bytes = line.front().to_vec();
                line.sent(bytes.len());
                out.push((at - now, bytes));
            }
            Step::Wait(Some(until)) if line.queued() > 0 => at = until,
            step => return (out, step),
        }
    }
}

fn text(out: &[(Duration, Vec<u8>)]) -> String {
    let bytes = out.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    String::from_utf8(bytes).expect("text was sent")
}

#[test]
fn without_faults_everything_goes_at_once() {
    let (mut line, now) = (line(), Instant::now());
    line.push("hello".into(), now);
    assert_eq!(line.next(now), Step::Send);
    line.sent(2);
    assert_eq!(line.front(), b"llo");
    line.sent(3);
    line.end(now);
    assert_eq!(line.next(now), Step::Finish);
}

#[test]
fn chunks_travel_side_by_side_under_latency() {
    let (mut line, now) = (line(), Instant::now());
    let fault = latency(1, 100, 0);
    line.set_faults(&[Arc::clone(&fault)], now);
    line.push("a".into(), now);
    line.push("b".into(), now + MS * 10);
    let (out, _) = play(&mut line, now + MS * 10);
    assert_eq!(out, [(MS * 90, b"a".to_vec()), (MS * 100, b"b".to_vec())]);
    let toll = fault.toll.now();
    assert_eq!((toll.hits, toll.bytes, toll.connections), (2, 2, 1));
}

#[test]
fn a_latency_that_is_lifted_lets_go_at_once_what_it_held() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[latency(1, 3_600_000, 0)], now);
    line.push("a".into(), now);
    line.set_faults(&[], now + MS);
    assert_eq!(line.next(now + MS), Step::Send);
}

#[test]
fn jitter_is_the_same_for_the_same_connection_and_stays_in_its_bounds() {
    let plan = || {
        let (mut line, now) = (line(), Instant::now());
        line.set_faults(&[latency(1, 50, 20)], now);
        line.push("a".into(), now);
        play(&mut line, now).0[0].0
    };
    assert_eq!(plan(), plan());
    assert!((MS * 30..MS * 70).contains(&plan()), "{:?}", plan());
}

#[test]
fn bandwidth_drips_at_its_rate() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[fault(1, Toxic::Bandwidth { rate: 10 })], now);
    line.push(vec![0; 5_000].into(), now);
    let (out, _) = play(&mut line, now);
    assert_eq!(out.len(), 10, "a slice each 50 ms");
    assert_eq!(out.last().map(|(at, _)| *at), Some(MS * 500));
}

#[test]
fn a_blackhole_holds_everything_and_loses_nothing() {
    let (mut line, now) = (line(), Instant::now());
    let hole = fault(1, Toxic::Blackhole);
    line.set_faults(&[Arc::clone(&hole)], now);
    line.push("held".into(), now);
    line.end(now);
    assert_eq!(line.next(now + MS * 5_000), Step::Wait(None));
    assert_eq!(hole.toll.now().bytes, 4);
    line.set_faults(&[], now + MS * 5_000);
    let (out, step) = play(&mut line, now + MS * 5_000);
    assert_eq!((text(&out).as_str(), step), ("held", Step::Finish));
}

#[test]
fn a_timeout_is_not_prolonged_by_traffic() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[fault(1, Toxic::Timeout { timeout: MS * 100 })], now);
    for beat in 0..10 {
        line.push("x".into(), now + MS * 10 * beat);
        assert!(matches!(
            line.next(now + MS * 10 * beat),
            Step::Wait(Some(_))
        ));
    }
    assert_eq!(line.next(now + MS * 100), Step::Cut(Cut::Close));
}

#[test]
fn a_timeout_that_is_lifted_closes_what_it_has_taken_bytes_from_and_only_that() {
    let (mut hit, mut spared, now) = (line(), line(), Instant::now());
    let timeout = [fault(
        1,
        Toxic::Timeout {
            timeout: Duration::ZERO,
        },
    )];
    hit.set_faults(&timeout, now);
    spared.set_faults(&timeout, now);
    hit.push("gone".into(), now);
    hit.set_faults(&[], now);
    spared.set_faults(&[], now);
    assert_eq!(hit.next(now), Step::Cut(Cut::Close));
    assert_eq!(spared.next(now), Step::Wait(None));
}

#[test]
fn a_reset_needs_no_traffic() {
    let (mut line, now) = (line(), Instant::now());
    let reset = fault(1, Toxic::ResetPeer { timeout: MS * 10 });
    line.set_faults(&[Arc::clone(&reset)], now);
    assert_eq!(line.next(now), Step::Wait(Some(now + MS * 10)));
    assert_eq!(line.next(now + MS * 10), Step::Cut(Cut::Reset));
    assert_eq!(reset.toll.now().connections, 1);
}

#[test]
fn a_limit_lets_through_its_bytes_and_ends_the_connection() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[fault(1, Toxic::LimitData { bytes: 5 })], now);
    line.push("abc".into(), now);
    line.push("defgh".into(), now);
    assert!(!line.wants());
    let (out, step) = play(&mut line, now);
    assert_eq!(
        (text(&out).as_str(), step),
        ("abcde", Step::Cut(Cut::Close))
    );
}

#[test]
fn a_slow_close_delays_the_end_alone() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[fault(1, Toxic::SlowClose { delay: MS * 30 })], now);
    line.push("a".into(), now);
    line.end(now);
    let (out, step) = play(&mut line, now);
    assert_eq!(
        (text(&out).as_str(), step),
        ("a", Step::Wait(Some(now + MS * 30)))
    );
    assert_eq!(line.next(now + MS * 30), Step::Finish);
}

#[test]
fn what_a_sender_said_before_it_was_gone_still_goes_out() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[latency(1, 30, 0)], now);
    line.push("an early answer".into(), now);
    line.break_off(Cut::Reset, now);
    let (out, step) = play(&mut line, now);
    assert_eq!(
        (text(&out).as_str(), step),
        ("an early answer", Step::Cut(Cut::Reset))
    );
}

#[test]
fn a_line_that_is_full_lets_its_sender_wait() {
    let (mut line, now) = (line(), Instant::now());
    line.set_faults(&[fault(1, Toxic::Blackhole)], now);
    while line.wants() {
        line.push(vec![0; 32 * 1024].into(), now);
    }
    assert_eq!(line.queued(), LINE_BYTES_MAX);
}

fn harmless() -> impl Strategy<Value = Toxic> {
    prop_oneof![
        (0..200_u32, 0..200_u32).prop_map(|(latency, jitter)| Toxic::Latency {
            latency: MS * latency,
            jitter: MS * jitter
        }),
        (1..1_000_u64).prop_map(|rate| Toxic::Bandwidth { rate }),
        (0..50_u64, 0..50_u64, 0..5_000_u64).prop_map(|(average_size, size_variation, delay)| {
            let delay = Duration::from_micros(delay);
            Toxic::Slicer {
                average_size,
                size_variation,
                delay,
            }
        }),
        Just(Toxic::Blackhole),
        (0..100_u32).prop_map(|delay| Toxic::SlowClose { delay: MS * delay }),
    ]
}

#[derive(Debug, Clone)]
enum Event {
    Push(Vec<u8>),
    Set(Vec<Toxic>),
    Wait(u32),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        vec(any::<u8>(), 1..300).prop_map(Event::Push),
        vec(harmless(), 0..4).prop_map(Event::Set),
        (0..100_u32).prop_map(Event::Wait),
    ]
}

proptest! {
    /// Faults that only hold up: whatever comes and goes, the receiver gets every byte once and in order, and nothing waits
    /// when all is healed.
    #[test]
    fn what_only_delays_loses_nothing_and_keeps_the_order(events in vec(event(), 1..40)) {
        let (mut line, mut now, mut id) = (line(), Instant::now(), 0);
        let (mut given, mut got) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::Push(bytes) => {
                    given.extend_from_slice(&bytes);
                    line.push(bytes.into(), now);
                }
                Event::Set(toxics) => {
                    let set = toxics.into_iter().map(|toxic| { id += 1; fault(id, toxic) });
                    line.set_faults(&set.collect::<Vec<_>>(), now);
                }
                Event::Wait(ms) => now += MS * ms,
            }
            while line.next(now) == Step::Send {
                got.extend_from_slice(line.front());
                line.sent(line.front().len());
            }
        }
        line.set_faults(&[], now);
        while line.next(now) == Step::Send {
            got.extend_from_slice(line.front());
            line.sent(line.front().len());
        }
        prop_assert_eq!(line.queued(), 0);
        prop_assert_eq!(got, given);
    }

    /// With a latency, a chunk is never early and never later than asked.
    #[test]
    fn a_delay_is_what_was_asked_for(latencies in vec(0..500_u32, 1..4), waits in vec(0..50_u32, 1..20)) {
        let (mut line, start) = (line(), Instant::now());
        let faults = latencies.iter().zip(1..).map(|(ms, id)| latency(id, *ms, 0));
        line.set_faults(&faults.collect::<Vec<_>>(), start);
        let (total, mut now) = (MS * latencies.iter().sum::<u32>(), start);
        for wait in waits {
            now += MS * wait;
            line.push("x".into(), now);
            let last = line.queue.back().expect("it waits");
            prop_assert_eq!(last.due, now + total);
        }
    }
}
