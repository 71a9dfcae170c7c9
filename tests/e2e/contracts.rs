//! The services keep what their documents say: schemathesis asks each whatever its document allows and forbids.

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
