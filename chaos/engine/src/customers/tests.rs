use super::*;
use crate::experiment::{Bound, Customers};
use crate::verdict::Findings;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

/// Two requests a second for thirty seconds; those of the seconds 10 to 14 fail, and one of second 17.
fn asked() -> Vec<Asked> {
    let one = |second: i64, half: bool| {
        let bad = (10..15).contains(&second) || (second == 17 && half);
        Asked {
            at: at(second),
            took_ms: if bad { 900.0 } else { 10.0 },
            endpoint: "POST /orders".to_owned(),
            fault: bad.then(|| "server error: 503".to_owned()),
            trace_id: format!("{second}{half}"),
        }
    };
    (0..30)
        .flat_map(|second| [one(second, false), one(second, true)])
        .collect()
}

fn times() -> Times {
    Times {
        began: at(0),
        broken: Some((at(10), at(15))),
        ended: at(30),
    }
}

#[test]
fn a_run_falls_into_before_during_and_after() {
    let parts = parts(&asked(), times(), 5.0);
    let figures = |part: Part| (part.requests, part.errors, part.p95_ms);
    assert_eq!(figures(parts.before), (20, 0, 10.0));
    assert_eq!(figures(parts.during), (10, 10, 900.0));
    assert_eq!(figures(parts.after), (20, 0, 10.0));
    assert!((parts.recovery_s - 2.0).abs() < 1e-9);
    assert_eq!(series(&asked(), times())[17].errors, 1);
    assert_eq!(struck(&asked(), times()).len(), 10);
}

#[test]
fn each_bound_that_is_broken_is_named() {
    let parts = parts(&asked(), times(), 1.0);
    let bound = |percent| Bound {
        errors_percent_max: Some(percent),
        p95_ms_max: Some(500.0),
    };
    let bounds = Customers {
        before: bound(0.0),
        during: bound(50.0),
        after: bound(0.0),
        recovery_s_max: Some(1.0),
    };
    let mut findings = Findings::default();
    judge(&bounds, &parts, true, &mut findings);
    let all = findings.broken.join("\n");
    assert_eq!(findings.broken.len(), 4, "{all}");
    assert!(
        all.contains("100.0 % of the answers during the fault"),
        "{all}"
    );
    assert!(all.contains("p95 during the fault was 900 ms"), "{all}");
    assert!(all.contains("after recovery were wrong"), "{all}");
    assert!(all.contains("until 2.0 s after the last fault"), "{all}");
    let roomy = Customers {
        during: bound(100.0),
        ..Customers::default()
    };
    let mut none = Findings::default();
    judge(
        &roomy,
        &Parts {
            during: Part {
                p95_ms: 1.0,
                requests: 1,
                ..parts.during
            },
            ..parts
        },
        true,
        &mut none,
    );
    assert_eq!(none, Findings::default());
}

#[test]
fn a_part_in_which_nobody_came_proves_nothing() {
    let bounds = Customers {
        during: Bound {
            errors_percent_max: Some(5.0),
            p95_ms_max: None,
        },
        ..Customers::default()
    };
    let mut findings = Findings::default();
    judge(&bounds, &Parts::default(), true, &mut findings);
    assert_eq!(findings.unknown, ["nobody asked the shop during the fault"]);
}
