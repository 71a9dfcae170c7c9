//! What people see: data on stdout, everything else on stderr, colour only where a terminal shows
//! it and nobody asked to leave it out (<https://no-color.org>).

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;

/// Colours, or the same text without them.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// For text on stdout.
    #[must_use]
    pub fn stdout() -> Self {
        Self {
            on: io::stdout().is_terminal() && wanted(),
        }
    }

    /// For text on stderr.
    #[must_use]
    pub fn stderr() -> Self {
        Self {
            on: io::stderr().is_terminal() && wanted(),
        }
    }

    /// Never any.
    #[must_use]
    pub fn plain() -> Self {
        Self { on: false }
    }

    /// Is there any?
    #[must_use]
    pub fn is_on(self) -> bool {
        self.on
    }

    /// All is well.
    pub fn green(self, text: impl Display) -> String {
        self.code("32", text)
    }

    /// Worth a look.
    pub fn yellow(self, text: impl Display) -> String {
        self.code("33", text)
    }

    /// Wrong.
    pub fn red(self, text: impl Display) -> String {
        self.code("31", text)
    }

    /// Beside the point.
    pub fn dim(self, text: impl Display) -> String {
        self.code("2", text)
    }

    /// The point.
    pub fn bold(self, text: impl Display) -> String {
        self.code("1", text)
    }

    fn code(self, code: &str, text: impl Display) -> String {
        if self.on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}

fn wanted() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is about the terminal, not configuration of a service"
    )]
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused
}

/// A line of data. A reader that has gone (`faultline logs x | head`) ends the command in silence.
pub fn out(line: impl Display) {
    if writeln!(io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Data for programs, indented for people.
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn json(value: &impl Serialize) -> serde_json::Result<()> {
    out(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// A line for the person who waits.
pub fn note(line: impl Display) {
    // Nobody to tell is no reason to stop.
    let _ = writeln!(io::stderr(), "{line}");
}

/// An error with its causes, each once.
pub fn error(error: &anyhow::Error) {
    note(format!(
        "{} {}",
        Paint::stderr().red("error:"),
        causes(error)
    ));
}

/// `outer: cause: cause`; a cause that the text before it already ends with is left out.
#[must_use]
pub fn causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Aligned columns with two blanks between them. `paint` may colour a cell after its width is
/// settled: it is given row (0 is the first below the heading), column and the padded text.
#[must_use]
pub fn table(
    heading: &[(&str, Column)],
    rows: &[Vec<String>],
    paint: impl Fn(usize, usize, String) -> String,
) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([heading[column].0.chars().count()])
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let pad = |column: usize, text: &str| match heading[column].1 {
        Column::Left => format!("{text:<width$}", width = widths[column]),
        Column::Right => format!("{text:>width$}", width = widths[column]),
    };
    let first: Vec<String> = (0..heading.len()).map(|c| pad(c, heading[c].0)).collect();
    let mut lines = vec![first.join("  ").trim_end().to_owned()];
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = (0..heading.len())
            .map(|c| paint(number, c, pad(c, &row[c])))
            .collect();
        lines.push(cells.join("  ").trim_end().to_owned());
    }
    lines
}

/// Bytes as people read them: `12.3 MB`.
#[must_use]
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Seconds as people read them: `42 s`, `3 min 5 s`, `2 h 4 min`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let rows = vec![
            vec!["a".into(), "1".into()],
            vec!["größer".into(), "1000".into()],
        ];
        let heading = [("name", Column::Left), ("n", Column::Right)];
        let lines = table(&heading, &rows, |_, _, text| text);
        assert_eq!(lines, ["name       n", "a          1", "größer  1000"]);
    }

    #[test]
    fn a_cause_that_is_already_said_is_not_said_twice() {
        let error = anyhow::anyhow!("disk full").context("cannot write x: disk full");
        assert_eq!(causes(&error), "cannot write x: disk full");
        let error = anyhow::anyhow!("disk full").context("cannot write x");
        assert_eq!(causes(&error), "cannot write x: disk full");
    }

    #[test]
    fn figures_read_well() {
        assert_eq!(megabytes(12_345_678), "12.3 MB");
        assert_eq!(
            [duration(59), duration(185), duration(7_500)],
            ["59 s", "3 min 5 s", "2 h 5 min"]
        );
    }
}
