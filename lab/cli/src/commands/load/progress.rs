//! Who waits is told: a moving line on a terminal, a line every ten seconds elsewhere.

use std::{cell::RefCell, time::Duration};

use indicatif::ProgressBar;
use loadtest::run::Progress;

use crate::{progress::spinner, term::note};

/// Seconds between two lines where no line can move.
const EVERY_S: u64 = 10;

/// Draws how a run goes.
pub(in crate::commands) struct ProgressLine {
    bar: ProgressBar,
    customers: usize,
    length: Duration,
    written: RefCell<Written>,
}

/// What was written last.
#[derive(Default)]
struct Written {
    seconds: u64,
    registered: usize,
}

impl ProgressLine {
    /// For a run with so many customers.
    pub(in crate::commands) fn new(customers: usize, length: Duration) -> Self {
        Self {
            bar: spinner(),
            customers,
            length,
            written: RefCell::default(),
        }
    }

    /// Shows where it stands.
    pub(in crate::commands) fn show(&self, progress: Progress) {
        let text = match progress {
            Progress::Registered(count) => self.registered(count),
            Progress::WarmingUp => "warming up".to_owned(),
            Progress::Running(elapsed, so_far) => {
                let elapsed = elapsed.as_secs();
                let counts = format!(
                    "{} requests, {} orders settled, {} errors",
                    so_far.requests, so_far.orders, so_far.errors
                );
                let mut written = self.written.borrow_mut();
                if self.bar.is_hidden() && elapsed >= written.seconds + EVERY_S {
                    written.seconds = elapsed;
                    note(format!("  {elapsed} s: {counts}"));
                }
                format!("{elapsed} of {} s: {counts}", self.length.as_secs())
            }
            Progress::Ending => "the last customers leave".to_owned(),
        };
        self.bar.set_message(text);
    }

    /// A crowd takes minutes to register; every quarter of it is told.
    fn registered(&self, count: usize) -> String {
        let text = format!("{count} of {} customers have registered", self.customers);
        let mut written = self.written.borrow_mut();
        if self.bar.is_hidden()
            && self.customers >= 100
            && count - written.registered >= self.customers / 4
        {
            written.registered = count;
            note(format!("  {text}"));
        }
        text
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
