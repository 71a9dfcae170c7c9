//! The order saga: reserve → charge → commit, and, when that cannot be, void → release.
//!
//! Each step is a call to a neighbour that is idempotent by order id; its outcome is recorded before the next begins. A crash
//! of the database may forget how far a saga went forward, never that it ended or turned round.
//! The steps, what each answer leads to, and the crash points are data in this file; [`runner`] executes them.

pub(crate) mod runner;
pub(crate) mod span;

use chassis::{crash, protection::Protection};

use crate::{
    domain::CancelReason,
    neighbours::{Answer, Refusal},
};

/// Where a saga stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Going forward.
    Running,
    /// Undoing.
    Compensating,
    /// Ended with a paid order.
    Completed,
    /// Ended with a cancelled order.
    Compensated,
    /// A compensation failed too often; a person has to look.
    Stuck,
}

impl State {
    /// The name in SQL and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Compensating => "compensating",
            Self::Completed => "completed",
            Self::Compensated => "compensated",
            Self::Stuck => "stuck",
        }
    }
}

/// What a saga does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Inventory takes the stock aside.
    Reserve,
    /// Payment charges the customer.
    Charge,
    /// Inventory turns reserved into sold.
    Commit,
    /// Compensation of [`Step::Charge`]: payment makes sure that nothing stays captured.
    Void,
    /// Compensation of [`Step::Reserve`] and [`Step::Commit`]: inventory takes everything back.
    Release,
}

/// Where in a step a process may die: each leaves a different truth behind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// The neighbour was not asked yet.
    BeforeCall,
    /// The neighbour has done it, and nobody here knows.
    AfterCall,
    /// It is recorded, and the next step has not begun.
    AfterRecord,
}

impl Step {
    pub(crate) const ALL: [Self; 5] = [
        Self::Reserve,
        Self::Charge,
        Self::Commit,
        Self::Void,
        Self::Release,
    ];
    /// Where a saga begins.
    pub(crate) const FIRST: Self = Self::Reserve;

    /// The name in SQL, metrics and crash points.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Charge => "charge",
            Self::Commit => "commit",
            Self::Void => "void",
            Self::Release => "release",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|step| step.as_str() == text)
            .expect("constraint sagas_step lets no other name in")
    }

    /// Whether it takes back what another step did.
    pub(crate) fn undoes(self) -> bool {
        matches!(self, Self::Void | Self::Release)
    }

    /// The first step of the compensation when a saga turns round here. A step whose outcome is unknown counts as done,
    /// and so does a charge, because the record of a finished reservation may be lost.
    pub(crate) fn compensation(self) -> Self {
        match self {
            Self::Release => Self::Release,
            Self::Reserve | Self::Charge | Self::Commit | Self::Void => Self::Void,
        }
    }

    /// Passes a crash point of this step.
    pub(crate) fn crash_point(self, phase: Phase) {
        crash::point(&point_name(self, phase));
    }
}

impl Phase {
    const ALL: [Self; 3] = [Self::BeforeCall, Self::AfterCall, Self::AfterRecord];

    fn as_str(self) -> &'static str {
        match self {
            Self::BeforeCall => "before_call",
            Self::AfterCall => "after_call_before_record",
            Self::AfterRecord => "after_record",
        }
    }
}

fn point_name(step: Step, phase: Phase) -> String {
    format!("order.saga.{}.{}", step.as_str(), phase.as_str())
}

/// Makes every crash point of every step known, so that tests can go through all of them.
pub(crate) fn register_crash_points() {
    for step in Step::ALL {
        for phase in Phase::ALL {
            crash::register(&point_name(step, phase));
        }
    }
}

/// The switch of every step that undoes another.
pub(crate) fn compensation() -> Protection {
    Protection::register(
        "order.saga.compensation",
        "what a saga has done stays done when its order is cancelled",
    )
}

/// What an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// On to another step, forward or back.
    Next {
        state: State,
        step: Step,
        reason: Option<CancelReason>,
        detail: Option<String>,
    },
    /// The order is paid.
    Paid,
    /// The order is cancelled. The reason is the one noted when the saga turned round, or this one.
    Cancelled {
        reason: Option<CancelReason>,
        detail: Option<String>,
    },
    /// Nothing is known: try again later.
    Again(String),
}

/// The whole saga as a table: what each answer of each step leads to.
pub(crate) fn next_move<T>(step: Step, answer: &Answer<T>) -> Move {
    match (step, answer) {
        (_, Answer::Unknown(why)) => Move::Again(why.clone()),
        (Step::Reserve, Answer::Done(_)) => forward(Step::Charge),
        (Step::Charge, Answer::Done(_)) => forward(Step::Commit),
        (Step::Commit, Answer::Done(_)) => Move::Paid,
        (Step::Void, Answer::Done(_)) => back(Step::Release, None, None),
        (Step::Release, Answer::Done(_)) => Move::Cancelled {
            reason: None,
            detail: None,
        },
        (Step::Reserve, Answer::Refused(refusal)) => Move::Cancelled {
            reason: Some(reservation_refused(refusal)),
            detail: Some(refusal.detail.clone()),
        },
        (Step::Charge, Answer::Refused(refusal)) => back(
            Step::Release,
            Some(CancelReason::PaymentDeclined),
            Some(refusal.detail.clone()),
        ),
        (Step::Commit, Answer::Refused(refusal)) => back(
            Step::Void,
            Some(CancelReason::ReservationExpired),
            Some(refusal.detail.clone()),
        ),
        // A compensation has no business being refused; it is tried until it works or a person looks.
        (Step::Void | Step::Release, Answer::Refused(refusal)) => {
            Move::Again(format!("refused: {} {}", refusal.code, refusal.detail))
        }
    }
}

fn reservation_refused(refusal: &Refusal) -> CancelReason {
    match refusal.code.as_str() {
        "reservation_closed" => CancelReason::ReservationExpired,
        _ => CancelReason::OutOfStock,
    }
}

fn forward(step: Step) -> Move {
    Move::Next {
        state: State::Running,
        step,
        reason: None,
        detail: None,
    }
}

fn back(step: Step, reason: Option<CancelReason>, detail: Option<String>) -> Move {
    Move::Next {
        state: State::Compensating,
        step,
        reason,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> Answer<()> {
        Answer::Refused(Refusal {
            code: code.to_owned(),
            detail: "why".to_owned(),
        })
    }

    /// The step that follows, or how it ends.
    fn leads_to(step: Step, answer: &Answer<()>) -> String {
        match next_move(step, answer) {
            Move::Next { state, step, .. } => format!("{} {}", state.as_str(), step.as_str()),
            Move::Paid => "paid".to_owned(),
            Move::Cancelled { reason, .. } => {
                format!(
                    "cancelled {}",
                    reason.map_or("as noted", CancelReason::as_str)
                )
            }
            Move::Again(_) => "again".to_owned(),
        }
    }

    #[test]
    fn every_answer_of_every_step_leads_where_it_should() {
        let done = Answer::Done(());
        for (step, answer, expected) in [
            (Step::Reserve, &done, "running charge"),
            (Step::Charge, &done, "running commit"),
            (Step::Commit, &done, "paid"),
            (Step::Void, &done, "compensating release"),
            (Step::Release, &done, "cancelled as noted"),
            (
                Step::Reserve,
                &refused("out_of_stock"),
                "cancelled out_of_stock",
            ),
            (
                Step::Reserve,
                &refused("reservation_closed"),
                "cancelled reservation_expired",
            ),
            (
                Step::Charge,
                &refused("payment_declined"),
                "compensating release",
            ),
            (
                Step::Commit,
                &refused("reservation_closed"),
                "compensating void",
            ),
            (Step::Void, &refused("anything"), "again"),
            (Step::Release, &refused("anything"), "again"),
        ] {
            assert_eq!(leads_to(step, answer), expected, "{step:?} {answer:?}");
        }
        for step in Step::ALL {
            assert_eq!(
                leads_to(step, &Answer::Unknown("lost".to_owned())),
                "again",
                "{step:?}"
            );
        }
    }

    #[test]
    fn turning_round_never_skips_a_step_that_may_have_taken_effect() {
        assert_eq!(Step::Reserve.compensation(), Step::Void);
        assert_eq!(Step::Charge.compensation(), Step::Void);
        assert_eq!(Step::Commit.compensation(), Step::Void);
    }
}
