use proptest::prelude::*;

use super::*;

fn step(name: &str, is_action: bool, background: bool) -> StepShape {
    StepShape {
        name: name.to_owned(),
        is_action,
        background,
        before: Duration::ZERO,
        after: Duration::ZERO,
    }
}

fn shape() -> Shape {
    Shape {
        probes: 2,
        method: vec![step("break", true, false), step("look", false, true)],
        rollbacks: vec![step("mend", true, false)],
        looks: Looks::BeforeAndAfter,
        undo: Undo::Always,
    }
}

/// Runs it; `answer` says what comes of what.
fn played(shape: Shape, mut answer: impl FnMut(Do) -> Outcome) -> (Vec<Do>, Facts) {
    let mut machine = Machine::new(shape);
    let mut seen = Vec::new();
    loop {
        let now = machine.step();
        if now == Do::Done {
            return (seen, machine.facts().clone());
        }
        seen.push(now);
        let outcome = answer(now);
        match now {
            Do::Begin(index) => machine.acted(index, outcome),
            _ => machine.told(outcome),
        }
    }
}

#[test]
fn a_run_looks_acts_gathers_looks_again_and_undoes() {
    let (seen, facts) = played(shape(), |_| Outcome::Done(Some(true)));
    let expected = [
        Do::Look(When::Before, 0),
        Do::Look(When::Before, 1),
        Do::Act(0),
        Do::Begin(1),
        Do::Gather,
        Do::Look(When::After, 0),
        Do::Look(When::After, 1),
        Do::Undo(0),
    ];
    assert_eq!(seen, expected);
    assert_eq!((facts.gate, facts.proof), (Look::Met, Look::Met));
}

#[test]
fn what_is_not_steady_to_begin_with_is_not_broken_further() {
    for (outcome, look) in [
        (Outcome::Done(Some(false)), Look::NotMet),
        (Outcome::Failed, Look::Blind),
    ] {
        let (seen, facts) = played(shape(), |_| outcome);
        assert_eq!(seen, [Do::Look(When::Before, 0), Do::Undo(0)]);
        assert_eq!(facts.gate, look);
    }
}

#[test]
fn an_interruption_leaves_the_rollbacks_and_these_cannot_be_interrupted() {
    let mut machine = Machine::new(shape());
    machine.step();
    machine.interrupt(Interruption::Interrupt);
    assert_eq!(machine.step(), Do::Undo(0));
    machine.interrupt(Interruption::Terminate);
    machine.told(Outcome::Failed);
    assert_eq!(machine.step(), Do::Done);
    let facts = machine.facts();
    assert_eq!(facts.interruption, Some(Interruption::Interrupt));
    assert_eq!(facts.not_undone, ["mend"]);
}

#[test]
fn rollbacks_follow_their_strategy() {
    let with = |undo, proof| {
        let shape = Shape { undo, ..shape() };
        let (seen, _) = played(shape, |now| match now {
            Do::Look(When::After, _) => Outcome::Done(Some(proof)),
            _ => Outcome::Done(Some(true)),
        });
        seen.contains(&Do::Undo(0))
    };
    assert!(with(Undo::Always, true) && with(Undo::Always, false));
    assert!(!with(Undo::Never, false));
    assert!(with(Undo::Deviated, false) && !with(Undo::Deviated, true));
}

fn any_step() -> impl Strategy<Value = StepShape> {
    (any::<bool>(), any::<bool>(), 0_u64..3, 0_u64..3).prop_map(|(is_action, background, b, a)| {
        StepShape {
            before: Duration::from_secs(b),
            after: Duration::from_secs(a),
            ..step("s", is_action, background)
        }
    })
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Failed),
        any::<Option<bool>>().prop_map(Outcome::Done)
    ]
}

proptest! {
    /// Whatever happens and whenever it is interrupted: every rollback is run, once and in order, after everything else.
    #[test]
    fn all_rollbacks_are_run_once_and_last(
        method in proptest::collection::vec(any_step(), 0..5),
        rollbacks in proptest::collection::vec(any_step(), 0..4),
        probes in 0_usize..3,
        outcomes in proptest::collection::vec(any_outcome(), 40),
        interrupted_at in proptest::option::of(0_usize..12),
    ) {
        let count = rollbacks.len();
        let mut machine = Machine::new(Shape {
            probes, method, rollbacks, looks: Looks::Continuously, undo: Undo::Always,
        });
        let mut seen = Vec::new();
        for number in 0.. {
            prop_assert!(number < 100, "it does not end");
            let now = machine.step();
            if now == Do::Done {
                break;
            }
            seen.push(now);
            if Some(number) == interrupted_at {
                machine.interrupt(Interruption::Guard("too much".to_owned()));
            } else if !matches!(now, Do::Begin(_) | Do::Pause(_) | Do::Gather | Do::Watch) {
                machine.told(outcomes[number % outcomes.len()]);
            }
        }
        let undone: Vec<usize> = seen.iter().filter_map(|one| match one {
            Do::Undo(index) => Some(*index),
            _ => None,
        }).collect();
        prop_assert_eq!(undone, (0..count).collect::<Vec<_>>());
        if let Some(first) = seen.iter().position(|one| matches!(one, Do::Undo(_))) {
            let rest = &seen[first..];
            prop_assert!(rest.iter().all(|one| matches!(one, Do::Undo(_) | Do::Pause(_))));
        }
    }
}
