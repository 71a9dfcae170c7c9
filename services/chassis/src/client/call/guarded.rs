//! What stands between a call and the neighbour, each part unless it is switched off.

use std::time::{Duration, Instant};

use resilience::{BulkheadFull, BulkheadPermit, Deadline, Permit, Rejected};

use super::Call;
use crate::{
    client::{CallError, Guards, Shared},
    telemetry::request::RequestContext,
};

/// A time that nobody waits for: what a limit is when it is switched off.
const UNLIMITED: Duration = Duration::from_secs(3600);

impl Call {
    pub(super) fn effective_deadline(&self, now: Instant) -> Deadline {
        if !self.shared.guards.switches.deadline.is_on() {
            return Deadline::after(now, UNLIMITED);
        }
        let own = Deadline::after(
            now,
            self.deadline.unwrap_or(self.shared.guards.policy.deadline),
        );
        RequestContext::current()
            .deadline
            .map_or(own, |callers| own.min(callers))
    }

    /// None for a call that is made although the breaker would not have it.
    pub(super) fn breaker_permit(&self, now: Instant) -> Result<Option<Permit>, CallError> {
        let Shared { edge, guards, .. } = &*self.shared;
        match guards.breaker.try_acquire(now) {
            Ok(permit) => Ok(Some(permit)),
            Err(Rejected { retry_after }) if guards.switches.breaker.is_on() => {
                Err(CallError::BreakerOpen {
                    edge: edge.clone(),
                    retry_after,
                })
            }
            Err(_) => Ok(None),
        }
    }

    /// None for a call that needs no place.
    pub(super) async fn turn(&self) -> Result<Option<BulkheadPermit>, BulkheadFull> {
        let Guards {
            bulkhead, switches, ..
        } = &*self.shared.guards;
        if switches.bulkhead.is_on() {
            bulkhead.acquire().await.map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn try_timeout(&self) -> Duration {
        let Guards {
            policy, switches, ..
        } = &*self.shared.guards;
        if switches.try_timeout.is_on() {
            policy.try_timeout
        } else {
            UNLIMITED
        }
    }
}
