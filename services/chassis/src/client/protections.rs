//! The protections of one edge, each with its switch.

use crate::protection::Protection;

/// Handles on all of them. Named after the edge: `order->payment.breaker`.
#[derive(Clone, Debug)]
pub(super) struct EdgeProtections {
    pub(super) breaker: Protection,
    pub(super) bulkhead: Protection,
    pub(super) deadline: Protection,
    pub(super) retry: Protection,
    pub(super) retry_budget: Protection,
    pub(super) try_timeout: Protection,
}

impl EdgeProtections {
    pub(super) fn register(edge: &str) -> Self {
        let named = |name: &str, without| Protection::register(&format!("{edge}.{name}"), without);
        Self {
            breaker: named("breaker", "a neighbour that fails is called all the same"),
            bulkhead: named("bulkhead", "a slow neighbour may hold any number of calls"),
            deadline: named(
                "deadline",
                "a call goes on when nobody waits for it any more",
            ),
            retry: named("retry", "a call that could be tried again fails at once"),
            retry_budget: named(
                "retry_budget",
                "every call may be retried, however many are",
            ),
            try_timeout: named("try_timeout", "one try may use up the whole deadline"),
        }
    }

    /// The names of those that are off.
    pub(super) fn off(&self) -> Vec<&'static str> {
        let all = [
            ("breaker", &self.breaker),
            ("bulkhead", &self.bulkhead),
            ("deadline", &self.deadline),
            ("retry", &self.retry),
            ("retry_budget", &self.retry_budget),
            ("try_timeout", &self.try_timeout),
        ];
        let off = all.into_iter().filter(|(_, one)| one.off_for().is_some());
        off.map(|(name, _)| name).collect()
    }
}
