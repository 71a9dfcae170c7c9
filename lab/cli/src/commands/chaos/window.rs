//! What was broken, and when: the injectors are asked all the time while a run goes on, so a report shows what really was
//! and not what was meant to be.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use engine::report::Window;

use super::stop;
use crate::Lab;

/// Between two looks; a window is as exact as this.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// The look before.
    last: Option<DateTime<Utc>>,
    open: BTreeMap<String, DateTime<Utc>>,
    all: Vec<(String, DateTime<Utc>, DateTime<Utc>)>,
}

impl Windows {
    /// What is broken at a moment. What was not at the look before may have begun just after that.
    fn seen(&mut self, at: DateTime<Utc>, broken: Vec<String>) {
        let ended: Vec<String> = self
            .open
            .keys()
            .filter(|name| !broken.contains(name))
            .cloned()
            .collect();
        for name in ended {
            if let Some(since) = self.open.remove(&name) {
                self.all.push((name, since, at));
            }
        }
        let since = self.last.replace(at).unwrap_or(at);
        for name in broken {
            self.open.entry(name).or_insert(since);
        }
    }

    /// Something broke at a moment, whether or not a look has shown it.
    pub(super) fn add(&mut self, what: String, at: DateTime<Utc>) {
        self.all.push((what, at, at + LOOK_EVERY));
    }

    /// From the first fault to the end of the last.
    pub(super) fn span(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let first = self.all.iter().map(|(_, from, _)| *from).min()?;
        let last = self.all.iter().map(|(_, _, until)| *until).max()?;
        Some((first, last))
    }

    /// For the report.
    pub(super) fn since(&self, began: DateTime<Utc>) -> Vec<Window> {
        let second = |at: DateTime<Utc>| (at - began).as_seconds_f64().max(0.0);
        let mut windows: Vec<Window> = self
            .all
            .iter()
            .map(|(what, from, until)| Window {
                what: what.clone(),
                from_s: second(*from),
                until_s: second(*until),
            })
            .collect();
        windows.sort_by(|one, other| one.from_s.total_cmp(&other.from_s));
        windows
    }

    /// Whatever is still broken was so until now.
    pub(super) fn close(&mut self) {
        self.seen(Utc::now(), Vec::new());
    }
}

/// Looks until the run is over.
pub(super) async fn look_on(lab: &Lab, windows: &std::sync::Mutex<Windows>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // Who does not answer now answers the next time; the moment of asking is what counts.
        let at = Utc::now();
        if let Ok(broken) = stop::left(lab).await {
            let mut windows = windows
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            windows.seen(at, broken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_broken_from_the_last_look_that_does_not_show_it_to_the_first_that_does_not_any_more()
     {
        let at = |second| DateTime::from_timestamp(second, 0).expect("a moment");
        let mut windows = Windows::default();
        for (second, broken) in [
            (1, vec![]),
            (2, vec!["a"]),
            (3, vec!["a", "b"]),
            (5, vec!["b"]),
            (6, vec![]),
        ] {
            windows.seen(at(second), broken.into_iter().map(str::to_owned).collect());
        }
        assert_eq!(windows.span(), Some((at(1), at(6))));
        let shown: Vec<(String, f64, f64)> = windows
            .since(at(1))
            .into_iter()
            .map(|one| (one.what, one.from_s, one.until_s))
            .collect();
        assert_eq!(
            shown,
            [("a".to_owned(), 0.0, 4.0), ("b".to_owned(), 1.0, 5.0)]
        );
    }
}
