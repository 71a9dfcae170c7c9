//! The services keep their word: they do what their documents say, whatever schemathesis asks, and what their consumers
//! rely on; and when they do not, it is noticed.

use crate::lab::{Lab, SERVICES, text};

#[tokio::test]
async fn schemathesis_finds_nothing() {
    // A lab of its own: among the questions are some that a shop does not survive unchanged.
    let lab = tokio::task::spawn_blocking(|| Lab::start("fuzzed"));
    let lab = lab.await.unwrap();
    let shop = SERVICES.into_iter().filter(|name| *name != "psp");
    fuzz(&lab, &shop.collect::<Vec<_>>());
    lab.assert_balanced("after whatever schemathesis did");
    // Whoever asks the provider directly moves money that no order knows of.
    fuzz(&lab, &["psp"]);
    assert_eq!(lab.down(), Vec::<u64>::new());
}

fn fuzz(lab: &Lab, services: &[&str]) {
    let asked = lab.faultline(&[&["contracts", "fuzz", "--examples", "10"], services].concat());
    assert!(asked.status.success(), "{}", text(&asked));
}

#[tokio::test]
async fn every_provider_keeps_its_word_and_every_break_is_noticed() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("pacts"));
    let lab = lab.await.unwrap();
    let unknown = lab.faultline(&["contracts", "can-deploy", "order"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", text(&unknown));
    assert!(
        text(&unknown).contains("never verified"),
        "{}",
        text(&unknown)
    );

    // With everything that consumers rely on, of now and of the last release.
    let matrix = succeeds(&lab, &["contracts", "verify"]);
    assert!(!matrix.contains(" NO"), "{matrix}");
    for service in SERVICES.into_iter().chain(["loadtest"]) {
        succeeds(&lab, &["contracts", "can-deploy", service]);
    }
    let junit = succeeds(
        &lab,
        &["contracts", "verify", "--provider", "product", "--junit"],
    );
    assert!(
        junit.contains("<testsuite name=\"product for order (now)\""),
        "{junit}"
    );

    println!("{}", succeeds(&lab, &["contracts", "prove"]));
    // Another program, by those whose format it is, comes to the same result.
    succeeds(&lab, &["contracts", "verify", "--reference"]);
    assert_eq!(lab.down(), Vec::<u64>::new());
}

fn succeeds(lab: &Lab, args: &[&str]) -> String {
    let output = lab.faultline(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    text(&output)
}
