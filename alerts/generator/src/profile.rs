//! How fast the clock of the objectives runs: which windows are looked at, and from which burn rate on they alert.

use crate::Window;

/// Windows and factors for all objectives of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name, for people.
    pub name: &'static str,
    /// The time for which the error budget has to last.
    pub period: Window,
    /// How the error ratio of the whole period is found.
    pub period_rule: PeriodRule,
    /// The pairs of windows that alert, the most urgent first.
    pub pairs: [Pair; 4],
}

/// A long window that proves that it matters and a short one that proves that it still goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Who has to know.
    pub severity: Severity,
    /// How many times faster than allowed the budget has to burn in both windows.
    pub factor: f64,
    /// The long window.
    pub long: Window,
    /// The short window, a twelfth of the long one.
    pub short: Window,
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Somebody has to look now.
    Page,
    /// Somebody has to look this week.
    Ticket,
}

/// How the error ratio of the whole period is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodRule {
    /// The mean of the shortest window's ratio, as Sloth does it: cheap over a month of data, but a quiet minute weighs as
    /// much as a busy one. Right for steady traffic.
    MeanOfRatios,
    /// From the events themselves, as Sloth does it when told not to optimise: each counts once. Needed where a
    /// single order in a quiet hour must not weigh as much as a minute of load; affordable where the period is short.
    Events {
        /// How often it is found anew.
        every: Window,
    },
}

impl Severity {
    /// Its name in labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

impl Profile {
    /// 30 days, with the windows and factors of the SRE Workbook: 2 % of the budget in an hour, 5 % in six, 10 % in a day
    /// or in three.
    #[must_use]
    pub fn standard() -> Self {
        let pair = |severity, factor, long, short| Pair {
            severity,
            factor,
            long,
            short,
        };
        Self {
            name: "standard",
            period: Window::days(30),
            period_rule: PeriodRule::MeanOfRatios,
            pairs: [
                pair(Severity::Page, 14.4, Window::hours(1), Window::minutes(5)),
                pair(Severity::Page, 6.0, Window::hours(6), Window::minutes(30)),
                pair(Severity::Ticket, 3.0, Window::days(1), Window::hours(2)),
                pair(Severity::Ticket, 1.0, Window::days(3), Window::hours(6)),
            ],
        }
    }

    /// The standard profile thirty times faster: a month in a day, the most urgent alert within two minutes. Factors and
    /// shares of the budget stay what they are.
    #[must_use]
    pub fn lab() -> Self {
        const FASTER: u64 = 30;
        // Four scrapes of five seconds: a rate over fewer is noise, or nothing when one is late.
        const SHORTEST: Window = Window::seconds(20);
        let faster = |window: Window| Window::seconds(window.as_seconds() / FASTER).max(SHORTEST);
        let standard = Self::standard();
        Self {
            name: "lab",
            period: faster(standard.period),
            period_rule: PeriodRule::Events {
                every: Window::seconds(30),
            },
            pairs: standard.pairs.map(|pair| Pair {
                long: faster(pair.long),
                short: faster(pair.short),
                ..pair
            }),
        }
    }

    /// All windows below the period, shortest first, each once.
    #[must_use]
    pub fn windows(&self) -> Vec<Window> {
        let both = self.pairs.iter().flat_map(|pair| [pair.short, pair.long]);
        let mut windows: Vec<Window> = both.collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }

    /// The window that "now" means.
    #[must_use]
    pub fn shortest(&self) -> Window {
        self.windows()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(windows: &[Window]) -> String {
        let words: Vec<String> = windows.iter().map(ToString::to_string).collect();
        words.join(" ")
    }

    #[test]
    fn the_standard_profile_is_that_of_the_workbook() {
        let standard = Profile::standard();
        assert_eq!(written(&standard.windows()), "5m 30m 1h 2h 6h 1d 3d");
        for pair in standard.pairs {
            assert_eq!(pair.long.as_seconds(), 12 * pair.short.as_seconds());
            // factor = share of the budget × period / long window
            let share = pair.factor * pair.long.as_days() / standard.period.as_days();
            assert!(
                [0.02, 0.05, 0.1]
                    .iter()
                    .any(|known| (share - known).abs() < 1e-9)
            );
        }
    }

    #[test]
    fn the_lab_is_thirty_times_faster_but_never_faster_than_its_scrapes() {
        let lab = Profile::lab();
        assert_eq!(written(&lab.windows()), "20s 1m 2m 4m 12m 48m 2h24m");
        assert_eq!(lab.period.to_string(), "1d");
        let factors = Profile::standard().pairs.map(|pair| pair.factor);
        assert_eq!(lab.pairs.map(|pair| pair.factor), factors);
    }

    #[test]
    fn a_total_outage_pages_in_the_lab_within_two_minutes_for_the_laxest_objective() {
        let urgent = Profile::lab().pairs[0];
        let budget = 0.05;
        let seconds = urgent.factor * budget * urgent.long.as_seconds() as f64;
        assert!(seconds < 100.0, "{seconds}");
    }
}
