//! A payment at one provider, and the account of its calls that decides whether another provider may be tried.

use sqlx::FromRow;
use uuid::Uuid;

use super::{PaymentId, Provider};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum AttemptState {
    /// The provider may hold the money.
    Open,
    /// It holds it.
    Captured,
    /// It refused.
    Declined,
    /// It never processed anything; may be opened again.
    NotProcessed,
}

/// Calls of an attempt. A call is counted as begun, and committed, before it is made. One that crashed, timed out or was
/// lost is never counted as not processed, so its doubt stays in the sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Calls {
    /// Calls that may have reached the provider.
    #[sqlx(rename = "calls_begun")]
    pub begun: i32,
    /// Those among them that certainly were not processed.
    #[sqlx(rename = "calls_not_processed")]
    pub not_processed: i32,
}

/// What follows a call that was certainly not processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextMove {
    /// Nothing happened anywhere and nothing should: the payment is voided.
    Void,
    /// Nothing happened here: try the other provider.
    FailOver,
    /// An earlier call may have been processed, or there is nowhere else to go now: ask again later.
    Wait,
}

impl Calls {
    /// Whether no call was processed. Only then can the provider hold nothing.
    pub fn certainly_nothing(self) -> bool {
        self.begun == self.not_processed
    }

    /// Whether an earlier call's fate is not known, apart from the one that is about to be made.
    pub fn in_doubt_before_this_one(self) -> bool {
        self.begun - self.not_processed > 1
    }

    /// What to do after a call that was not processed, with that call counted.
    pub fn next_move(self, void_requested: bool, may_fail_over: bool) -> NextMove {
        if !self.certainly_nothing() {
            NextMove::Wait
        } else if void_requested {
            NextMove::Void
        } else if may_fail_over {
            NextMove::FailOver
        } else {
            NextMove::Wait
        }
    }
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct Attempt {
    /// Id of the attempt.
    pub id: Uuid,
    /// What it tries to pay.
    pub payment_id: PaymentId,
    /// Where.
    pub provider: Provider,
    /// Sent with every call of this attempt.
    pub idempotency_key: String,
    /// Where it stands.
    pub state: AttemptState,
    /// Its calls.
    #[sqlx(flatten)]
    pub calls: Calls,
    /// The provider's id of the payment, once known.
    pub provider_payment_id: Option<String>,
    /// The provider's id of the capture, where that is a thing of its own.
    pub provider_capture_id: Option<String>,
}

impl Attempt {
    /// The key of a payment at a provider. It depends on nothing else, so that whoever repeats the call sends the same.
    pub fn key(payment: PaymentId, provider: Provider) -> String {
        format!("pay_{}_{}", payment.0.simple(), provider.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn another_provider_is_tried_only_after_every_call_is_known_not_to_be_processed() {
        let calls = |begun, not_processed| Calls {
            begun,
            not_processed,
        };
        assert_eq!(calls(1, 1).next_move(false, true), NextMove::FailOver);
        assert_eq!(calls(2, 1).next_move(false, true), NextMove::Wait);
        assert_eq!(calls(1, 1).next_move(false, false), NextMove::Wait);
        assert_eq!(calls(1, 1).next_move(true, true), NextMove::Void);
        assert_eq!(calls(2, 1).next_move(true, true), NextMove::Wait);
    }

    #[test]
    fn the_key_of_an_attempt_is_stable_and_differs_by_provider() {
        let id = PaymentId::new();
        assert_eq!(
            Attempt::key(id, Provider::Stripe),
            Attempt::key(id, Provider::Stripe)
        );
        assert_ne!(
            Attempt::key(id, Provider::Stripe),
            Attempt::key(id, Provider::Paypal)
        );
    }

    proptest! {
        #[test]
        fn a_call_whose_fate_is_unknown_forbids_failover_for_ever(fates in prop::collection::vec(any::<bool>(), 1..20)) {
            let mut calls = Calls { begun: 0, not_processed: 0 };
            for &processed_or_unknown in &fates {
                calls.begun += 1;
                calls.not_processed += i32::from(!processed_or_unknown);
            }
            let doubt = fates.contains(&true);
            prop_assert_eq!(calls.next_move(false, true) == NextMove::FailOver, !doubt);
            prop_assert_eq!(calls.next_move(true, true) == NextMove::Void, !doubt);
        }
    }
}
