//! What a run came to: our exit codes, and Chaos Toolkit's for whoever needs those. Pure.

use serde::Serialize;

use crate::machine::{Facts, Interruption, Look};

/// What a run came to. The numbers are exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every fault took effect, the hypothesis held, customers met nothing beyond the bounds, the books balance, and nothing is left.
    Held,
    /// The shop did not do what the experiment says.
    Deviated,
    /// The experiment makes no sense; nothing was injected.
    Invalid,
    /// Nothing can be said: not steady to begin with, a fault that hit nothing, a probe that could not look.
    Inconclusive,
    /// A fault was not injected.
    NotInjected,
    /// A rollback failed, or something is left.
    NotHealed,
    /// A guard has stopped it.
    Stopped,
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Held,
        Self::Deviated,
        Self::Invalid,
        Self::Inconclusive,
        Self::NotInjected,
        Self::NotHealed,
        Self::Stopped,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Of the process.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Deviated => 1,
            Self::Invalid => 2,
            Self::Inconclusive => 3,
            Self::NotInjected => 4,
            Self::NotHealed => 5,
            Self::Stopped => 6,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// In words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Deviated => "deviated",
            Self::Invalid => "invalid",
            Self::Inconclusive => "inconclusive",
            Self::NotInjected => "not injected",
            Self::NotHealed => "not healed",
            Self::Stopped => "stopped by a guard",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }
}

/// What was found beside the run itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings {
    /// What is still broken, or could not be looked at.
    pub residue: Vec<String>,
    /// Faults that hit nothing.
    pub duds: Vec<String>,
    /// What was promised and not kept: bounds, breakers, counters, books.
    pub broken: Vec<String>,
    /// What could not be measured.
    pub unknown: Vec<String>,
}

/// What a run came to, and why; the reasons of the verdict first.
#[must_use]
pub fn of(facts: &Facts, findings: &Findings) -> (Verdict, Vec<String>) {
    let mut reasons = Vec::new();
    let mut verdict = Verdict::Held;
    for (one, why) in judged(facts, findings) {
        if verdict == Verdict::Held {
            verdict = one;
        }
        reasons.push(why);
    }
    (verdict, reasons)
}

/// The worst first: a shop that is left broken matters more than what the experiment wanted to know.
fn judged(facts: &Facts, findings: &Findings) -> Vec<(Verdict, String)> {
    let mut all = Vec::new();
    let mut add = |verdict, texts: &[String], before: &str| {
        all.extend(
            texts
                .iter()
                .map(|text| (verdict, format!("{before}{text}"))),
        );
    };
    add(
        Verdict::NotHealed,
        &facts.not_undone,
        "this rollback failed: ",
    );
    add(
        Verdict::NotHealed,
        &findings.residue,
        "still there afterwards: ",
    );
    match &facts.interruption {
        Some(Interruption::Guard(why)) => {
            add(Verdict::Stopped, std::slice::from_ref(why), "");
        }
        Some(Interruption::Interrupt) => add(Verdict::Interrupted, &["Ctrl-C".to_owned()], ""),
        Some(Interruption::Terminate) => add(Verdict::Terminated, &["SIGTERM".to_owned()], ""),
        None => {}
    }
    add(Verdict::NotInjected, &facts.not_done, "this was not done: ");
    let gate = match facts.gate {
        Look::NotMet => Some("the steady state did not hold to begin with; nothing was injected"),
        Look::Blind => Some("a probe could not look to begin with; nothing was injected"),
        Look::None | Look::Met => None,
    };
    add(
        Verdict::Inconclusive,
        &gate.map(str::to_owned).into_iter().collect::<Vec<_>>(),
        "",
    );
    let proof = match facts.proof {
        Look::NotMet => Some("the steady state does not hold afterwards"),
        Look::Blind => Some("a probe cannot look afterwards"),
        Look::None | Look::Met => None,
    };
    add(
        Verdict::Deviated,
        &proof.map(str::to_owned).into_iter().collect::<Vec<_>>(),
        "",
    );
    if let (looks, bad @ 1..) = facts.watched {
        let why = format!("the steady state did not hold at {bad} of {looks} looks meanwhile");
        add(Verdict::Deviated, &[why], "");
    }
    add(
        Verdict::Deviated,
        &facts.out_of_tolerance,
        "out of tolerance: ",
    );
    add(Verdict::Deviated, &findings.broken, "");
    add(
        Verdict::Inconclusive,
        &facts.blind,
        "this probe could not look: ",
    );
    add(
        Verdict::Inconclusive,
        &findings.duds,
        "this fault hit nothing: ",
    );
    add(Verdict::Inconclusive, &findings.unknown, "");
    all
}

/// What Chaos Toolkit would say of the same run: its journal's `status` and `deviated`.
#[must_use]
pub fn of_chaos_toolkit(facts: &Facts) -> (&'static str, bool) {
    match &facts.interruption {
        Some(Interruption::Guard(_)) => return ("aborted", false),
        Some(_) => return ("interrupted", false),
        None => {}
    }
    match (facts.gate, facts.proof) {
        (Look::Blind, _) => ("failed", false),
        (_, Look::Blind) => ("failed", true),
        (_, proof) => ("completed", proof == Look::NotMet),
    }
}

/// And its exit code.
#[must_use]
pub fn compat_exit_code(facts: &Facts) -> u8 {
    let (status, deviated) = of_chaos_toolkit(facts);
    u8::from(status != "completed" || deviated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_an_exit_code_of_its_own() {
        let mut codes = Verdict::ALL.map(Verdict::exit_code).to_vec();
        codes.dedup();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 130, 143]);
    }

    #[test]
    fn what_is_left_broken_counts_more_than_anything_else() {
        let facts = Facts {
            proof: Look::NotMet,
            not_done: vec!["break".to_owned()],
            interruption: Some(Interruption::Guard("90 % errors".to_owned())),
            ..Facts::default()
        };
        let mut findings = Findings {
            residue: vec!["redis is down".to_owned()],
            duds: vec!["latency".to_owned()],
            ..Findings::default()
        };
        let (verdict, reasons) = of(&facts, &findings);
        assert_eq!((verdict, reasons.len()), (Verdict::NotHealed, 5));
        findings.residue.clear();
        assert_eq!(of(&facts, &findings).0, Verdict::Stopped);
    }

    #[test]
    fn a_finding_counts_more_than_a_fault_that_hit_nothing() {
        let findings = Findings {
            duds: vec!["latency".to_owned()],
            broken: vec!["the books".to_owned()],
            ..Findings::default()
        };
        assert_eq!(of(&Facts::default(), &findings).0, Verdict::Deviated);
        assert_eq!(of(&Facts::default(), &Findings::default()).0, Verdict::Held);
    }
}
