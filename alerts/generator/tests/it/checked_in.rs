//! What is checked in is what the objectives say.

use slo::{Profile, Spec};

use crate::support::read;

const SOURCE: &str = "alerts/slo.yaml";

fn compare(name: &str, profile: &Profile) {
    let spec = Spec::parse(&read(SOURCE)).expect("the shop's objectives are good");
    let same = read(name) == slo::generate(&spec, profile, SOURCE);
    assert!(
        same,
        "{name} differs from what {SOURCE} says: run `faultline slo generate`"
    );
}

#[test]
fn the_rules_for_thirty_days_are_those_of_the_objectives() {
    compare("alerts/rules/slo.yml", &Profile::standard());
}

#[test]
fn the_rules_of_the_lab_are_those_of_the_objectives() {
    compare("alerts/rules/slo-lab.yml", &Profile::lab());
}
