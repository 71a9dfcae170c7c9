//! Until when a process stays as somebody has made it: paused, or down after a kill. The process's own task looks at the
//! clock, so that it heals whatever has become of whoever did that to it.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// A moment, or none: what is done then lasts until somebody undoes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lease {
    until: Option<Instant>,
}

impl Lease {
    /// From now on for so long.
    pub(super) fn of(length: Option<Duration>) -> Self {
        Self {
            until: length.map(|length| Instant::now() + length),
        }
    }

    pub(super) fn is_set(self) -> bool {
        self.until.is_some()
    }

    /// What is left of it.
    pub(crate) fn left(self) -> Option<Duration> {
        let until = self.until?;
        Some(until.saturating_duration_since(Instant::now()))
    }

    /// Waits for its end; without one, for ever.
    pub(super) async fn over(self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lease_ends_by_itself_and_none_never_does() {
        tokio::time::pause();
        let since = Instant::now();
        Lease::of(Some(Duration::from_secs(5))).over().await;
        // The timer ticks in milliseconds.
        assert_eq!(since.elapsed().as_secs(), 5);
        let never = tokio::time::timeout(Duration::from_secs(3600), Lease::default().over());
        assert!(never.await.is_err());
    }
}
