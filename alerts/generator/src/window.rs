//! Lengths of time as Prometheus writes them.

use std::fmt;

const UNITS: [(u64, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];

/// A range of a query, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window(u64);

impl Window {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: u64) -> Self {
        Self(minutes * 60)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: u64) -> Self {
        Self(hours * 3_600)
    }

    /// So many days.
    #[must_use]
    pub const fn days(days: u64) -> Self {
        Self(days * 86_400)
    }

    /// Its length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// Its length in days.
    #[must_use]
    pub fn as_days(self) -> f64 {
        self.0 as f64 / 86_400.0
    }
}

/// The biggest units that fit, as in `5m`, `2h24m`, `30d`: valid in PromQL and in a metric's name.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for (length, unit) in UNITS {
            let count = rest / length;
            rest %= length;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_written_as_prometheus_reads_it() {
        let written = [
            Window::seconds(20),
            Window::minutes(5),
            Window::minutes(144),
            Window::hours(24),
            Window::days(30),
        ]
        .map(|window| window.to_string());
        assert_eq!(written, ["20s", "5m", "2h24m", "1d", "30d"]);
    }
}
