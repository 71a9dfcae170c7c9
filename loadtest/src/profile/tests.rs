//! Shipped profiles are valid, and mistakes are answered with their line and their mend.

use super::*;

const OPEN: &str = "\
description: a test
model: open
rate: 20
duration: 30s
think_time: 0
scenarios:
  browser: { weight: 3 }
  buyer: { weight: 1, think: 1s-2s }
thresholds:
  - slo
  - rate >= 10
";

fn complaint(piece: &str, replacement: &str) -> String {
    assert!(OPEN.contains(piece), "{piece}");
    let text = OPEN.replace(piece, replacement);
    Profile::parse("mine.yaml", &text)
        .expect_err(replacement)
        .to_string()
}

#[test]
fn every_shipped_profile_is_valid_and_says_what_it_is_for() {
    for (name, text) in SHIPPED {
        let profile = Profile::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
        assert!(!profile.description.is_empty(), "{name}");
    }
    let Model::Closed { users, .. } = Profile::shipped("steady").unwrap().model else {
        panic!("steady is a crowd of users");
    };
    assert_eq!(users, 1_000);
}

#[test]
fn a_profile_is_read_as_written() {
    let profile = Profile::parse("mine", OPEN).unwrap();
    assert_eq!(
        (profile.model_name(), profile.duration),
        ("open", Duration::from_secs(30))
    );
    let think = profile.scenarios[&Kind::Buyer].think.unwrap();
    assert_eq!(think, (Duration::from_secs(1), Duration::from_secs(2)));
    assert_eq!(
        profile.thresholds.unwrap().len(),
        6,
        "five of the objectives and one more"
    );
}

#[test]
fn every_mistake_is_named_with_its_line_and_its_mend() {
    for (piece, replacement, words) in [
        (
            "browser:",
            "browzer:",
            &["mine.yaml:7:", "did you mean `browser`"][..],
        ),
        (
            "scenarios:",
            "senarios:",
            &["mine.yaml:6:", "did you mean `scenarios`"],
        ),
        (
            "model: open",
            "model: opne",
            &["mine.yaml:2:", "did you mean `open`"],
        ),
        ("rate: 20", "rate: 0", &["mine.yaml:3:", "more than 0"]),
        (
            "duration: 30s",
            "duration: 0s",
            &["mine.yaml:4:", "1s to 24h"],
        ),
        (
            "30s",
            "30 seconds",
            &["mine.yaml:4:", "write for example 30s"],
        ),
        (
            "duration: 30s",
            "stages: [{ for: 5s, to: 9 }]",
            &["mine.yaml:2:", "either `rate`"],
        ),
        (
            "model: open",
            "model: closed",
            &["mine.yaml:3:", "belongs to `model: open`"],
        ),
        ("1s-2s", "2s-1s", &["mine.yaml:8:", "before it begins"]),
        (
            "rate >= 10",
            "raet >= 10",
            &["mine.yaml:9:", "did you mean rate?"],
        ),
        ("weight: 3", "weight: -3", &["mine.yaml:7:", "-3"]),
        (
            "duration: 30s",
            "duration: 30s\ncustomers: 2",
            &["mine.yaml:5:", "too few", "Give 20"],
        ),
    ] {
        let complaint = complaint(piece, replacement);
        for word in words {
            assert!(
                complaint.contains(word),
                "{word:?} is missing in: {complaint}"
            );
        }
    }
}

#[test]
fn nobody_at_all_is_refused() {
    let text = OPEN
        .replace("weight: 3", "weight: 0")
        .replace("weight: 1", "weight: 0");
    let error = Profile::parse("mine", &text).unwrap_err().to_string();
    assert!(
        error.contains("mine:6: scenarios") && error.contains("nobody would come"),
        "{error}"
    );
}

#[test]
fn a_rate_that_the_gateways_limits_do_not_allow_is_refused_before_anything_is_sent() {
    let text = OPEN
        .replace("browser:", "new_customer:")
        .replace("rate: 20", "rate: 200");
    let error = Profile::parse("mine", &text).unwrap_err().to_string();
    assert!(error.contains("weights of new_customer"), "{error}");
}

#[test]
fn options_change_the_model_and_keep_the_mix() {
    let profile = Profile::parse("mine", OPEN).unwrap();
    let closed = profile.clone().with_users(7);
    assert_eq!((closed.model_name(), closed.accounts()), ("closed", 7));
    let faster = closed
        .with_rate(400.0)
        .with_duration(Duration::from_secs(5));
    let Model::Open {
        schedule,
        customers,
        ..
    } = &faster.model
    else {
        panic!("a rate makes it open");
    };
    assert_eq!(
        (schedule.length(), schedule.peak()),
        (Duration::from_secs(5), 400.0)
    );
    assert!(*customers > 100, "{customers}");
    assert_eq!(
        (faster.problems(), faster.scenarios),
        (vec![], profile.scenarios)
    );
}
