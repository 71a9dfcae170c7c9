//! Shows a start as it goes: on a terminal the step at hand moves, elsewhere each step is a line
//! when it ends. And the same for parts that are installed or built.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use parts::Progress;
use supervisor::{Boot, Step};

use crate::term::{self, Paint};

const TICK: Duration = Duration::from_millis(100);
const TITLE_WIDTH: usize = 12;

/// Draws [`Boot`]s, each newer than the one before.
#[derive(Debug)]
pub struct BootView {
    paint: Paint,
    finished: usize,
    bar: ProgressBar,
}

impl Default for BootView {
    fn default() -> Self {
        Self {
            paint: Paint::stderr(),
            finished: 0,
            bar: spinner(),
        }
    }
}

impl BootView {
    /// Draws what is new.
    pub fn show(&mut self, boot: &Boot) {
        let ended = boot
            .steps
            .iter()
            .skip(self.finished)
            .take_while(|step| step.took_ms.is_some());
        for step in ended {
            self.bar.suspend(|| term::note(done(self.paint, step)));
            self.finished += 1;
        }
        match boot.steps.get(self.finished) {
            Some(step) => self
                .bar
                .set_message(format!("{:<TITLE_WIDTH$} {}", step.title, step.detail)),
            None => self.bar.set_message(""),
        }
    }

    /// Takes the moving line away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

fn done(paint: Paint, step: &Step) -> String {
    let seconds = Duration::from_millis(step.took_ms.unwrap_or_default()).as_secs_f64();
    let mark = paint.green("✓");
    let took = paint.dim(format!("{seconds:>5.1} s"));
    format!(
        "{mark} {:<TITLE_WIDTH$} {took}  {}",
        step.title, step.detail
    )
}

/// A moving line on a terminal, nothing elsewhere.
#[must_use]
pub fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner:.cyan} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(TICK);
    bar
}

/// Shows what `parts` says while it installs and builds.
#[derive(Debug)]
pub struct PartsView {
    bar: ProgressBar,
    on_terminal: bool,
    /// Tenths of the work that were last written where there is no terminal.
    tenths: u32,
}

impl Default for PartsView {
    fn default() -> Self {
        Self {
            bar: spinner(),
            on_terminal: stderr().is_terminal(),
            tenths: 0,
        }
    }
}

impl PartsView {
    /// Draws one report.
    pub fn show(&mut self, progress: Progress) {
        match progress {
            Progress::Say(text) => {
                self.tenths = 0;
                self.bar.suspend(|| term::note(text));
            }
            Progress::Line(line) if self.on_terminal => self.bar.set_message(line),
            Progress::Line(line) => term::note(line),
            Progress::Step { done, total, what } => self.step(done, total, &what),
        }
    }

    fn step(&mut self, done: u32, total: u32, what: &str) {
        if self.on_terminal {
            self.bar.set_message(format!("{done} of {total}: {what}"));
            return;
        }
        let tenths = (done * 10).checked_div(total).unwrap_or_default();
        if tenths > self.tenths {
            self.tenths = tenths;
            term::note(format!("  {done} of {total}"));
        }
    }

    /// Takes the moving line away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
