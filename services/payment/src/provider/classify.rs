//! What a failed call, or a status that neither provider gives a special meaning, says about the money.

use chassis::client::{CallError, Reply};
use http::StatusCode;

use super::{ChargeOutcome, RefundOutcome};

/// A call without an answer. Only what was certainly never sent, or was turned away at the door, counts as not
/// processed. A 503 does not: it may come from a proxy in front of a provider that did the work.
pub(super) fn failed_call(error: &CallError) -> ChargeOutcome {
    let why = error.to_string();
    match error {
        CallError::BreakerOpen { .. }
        | CallError::BulkheadFull { .. }
        | CallError::Connect { .. } => ChargeOutcome::NotProcessed {
            why,
            may_fail_over: true,
        },
        // The caller will not wait for another provider either.
        CallError::NoTimeLeft { .. } => ChargeOutcome::NotProcessed {
            why,
            may_fail_over: false,
        },
        CallError::Unavailable {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..
        } => ChargeOutcome::NotProcessed {
            why,
            may_fail_over: true,
        },
        CallError::Unavailable { .. }
        | CallError::Timeout { .. }
        | CallError::Lost { .. }
        | CallError::Refused { .. }
        | CallError::Senseless { .. } => ChargeOutcome::Unknown {
            why,
            payment_id: None,
        },
    }
}

/// An answer that is neither success nor a refusal of the payment itself; `None` if it is one of these. Credentials are
/// looked at before anything else, so 401 and 403 mean that this call did nothing. 409 means that another call with the
/// same key is under way.
pub(super) fn not_about_the_payment(reply: &Reply) -> Option<ChargeOutcome> {
    let why = format!("answered {}", reply.status);
    match reply.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(ChargeOutcome::NotProcessed {
            why,
            may_fail_over: true,
        }),
        StatusCode::CONFLICT => Some(ChargeOutcome::Unknown {
            why,
            payment_id: None,
        }),
        status if status.is_success() || status.is_client_error() => None,
        _ => Some(ChargeOutcome::Unknown {
            why,
            payment_id: None,
        }),
    }
}

/// A refund is only ever asked for where the money is, so whatever brought no answer is asked again.
pub(super) fn refund_not_settled(outcome: ChargeOutcome) -> RefundOutcome {
    match outcome {
        ChargeOutcome::NotProcessed { why, .. } | ChargeOutcome::Unknown { why, .. } => {
            RefundOutcome::Unknown { why }
        }
        ChargeOutcome::Captured(_) | ChargeOutcome::Declined { .. } => RefundOutcome::Unknown {
            why: "an answer about a charge".to_owned(),
        },
    }
}

/// A success whose body cannot be read. It was done, but we cannot say what.
pub(super) fn senseless(error: &serde_json::Error) -> ChargeOutcome {
    ChargeOutcome::Unknown {
        why: format!("the answer makes no sense: {error}"),
        payment_id: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    fn edge() -> String {
        "payment->stripe".to_owned()
    }

    fn answer(status: u16) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    fn unavailable(status: u16) -> CallError {
        CallError::Unavailable {
            edge: edge(),
            status: StatusCode::from_u16(status).unwrap(),
            code: String::new(),
            retry_after: None,
            reply: Box::new(answer(status)),
        }
    }

    fn fails_over(outcome: &ChargeOutcome) -> bool {
        matches!(
            outcome,
            ChargeOutcome::NotProcessed {
                may_fail_over: true,
                ..
            }
        )
    }

    #[test]
    fn only_what_was_never_sent_or_turned_away_allows_another_provider() {
        let open = CallError::BreakerOpen {
            edge: edge(),
            retry_after: Duration::ZERO,
        };
        let refused = CallError::Connect {
            edge: edge(),
            source: anyhow::anyhow!("refused"),
        };
        for error in [
            open,
            refused,
            CallError::BulkheadFull { edge: edge() },
            unavailable(429),
        ] {
            assert!(fails_over(&failed_call(&error)), "{error}");
        }
    }

    #[test]
    fn what_may_have_been_processed_stays_unknown() {
        let errors = [
            CallError::Timeout {
                edge: edge(),
                after: Duration::ZERO,
            },
            CallError::Lost {
                edge: edge(),
                source: anyhow::anyhow!("reset"),
            },
            CallError::Senseless {
                reason: String::new(),
            },
            unavailable(408),
            unavailable(500),
            unavailable(502),
            unavailable(503),
            unavailable(504),
        ];
        for error in errors {
            let outcome = failed_call(&error);
            assert!(matches!(outcome, ChargeOutcome::Unknown { .. }), "{error}");
        }
    }

    #[test]
    fn statuses_that_are_not_about_the_payment_are_told_apart() {
        for status in [401, 403] {
            assert!(
                fails_over(&not_about_the_payment(&answer(status)).unwrap()),
                "{status}"
            );
        }
        for status in [301, 409] {
            let outcome = not_about_the_payment(&answer(status)).unwrap();
            assert!(matches!(outcome, ChargeOutcome::Unknown { .. }), "{status}");
        }
        for status in [200, 201, 400, 402, 404, 422] {
            assert_eq!(not_about_the_payment(&answer(status)), None, "{status}");
        }
    }
}
