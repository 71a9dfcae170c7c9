//! The waterfall as text: one line a span, with offset, duration, a bar, service and operation.

use std::collections::{BTreeSet, HashMap};

use super::jaeger::{Line, Span};
use super::tree::Tree;
use crate::term::{self, Paint};

/// Cells of a bar.
const BAR: usize = 24;
/// Deeper spans are not indented further; the bar still shows where they are.
const DEPTH_MAX: usize = 16;

/// What is shown.
pub(super) struct Waterfall<'a> {
    tree: &'a Tree,
    lines: HashMap<String, Vec<Line>>,
    paint: Paint,
    start: u64,
    end: u64,
    service_width: usize,
}

impl<'a> Waterfall<'a> {
    pub(super) fn of(tree: &'a Tree, lines: Vec<Line>, paint: Paint) -> Self {
        let spans = || tree.rows.iter().map(|(_, span)| span);
        let mut by_span: HashMap<String, Vec<Line>> = HashMap::new();
        for line in lines {
            let known = spans().any(|span| span.id == line.span);
            let span = if known {
                line.span.clone()
            } else {
                String::new()
            };
            by_span.entry(span).or_default().push(line);
        }
        Self {
            tree,
            lines: by_span,
            paint,
            start: spans().map(|span| span.start).min().unwrap_or_default(),
            end: spans().map(|span| span.end).max().unwrap_or_default(),
            service_width: spans()
                .map(|it| it.service.chars().count())
                .max()
                .unwrap_or(0),
        }
    }

    pub(super) fn print(&self) {
        self.text().into_iter().for_each(term::out);
    }

    fn text(&self) -> Vec<String> {
        let mut text = vec![self.heading(), String::new()];
        for (depth, span) in &self.tree.rows {
            text.push(self.row(*depth, span));
            text.extend(self.below(*depth, span));
        }
        if let Some(others) = self.lines.get("") {
            text.push(format!(
                "\n{}",
                self.paint.dim("logged outside of these spans")
            ));
            text.extend(others.iter().map(|line| self.line(0, line)));
        }
        text
    }

    fn heading(&self) -> String {
        let rows = &self.tree.rows;
        let services: BTreeSet<&str> = rows.iter().map(|(_, it)| it.service.as_str()).collect();
        let errors = rows.iter().filter(|(_, span)| span.error.is_some()).count();
        let id = rows.first().map_or("", |(_, span)| span.trace_id.as_str());
        let took = milliseconds(self.end - self.start);
        let mut heading = format!(
            "trace {}  {took}, {}, {}",
            self.paint.bold(id),
            counted(rows.len(), "span"),
            counted(services.len(), "service")
        );
        if errors > 0 {
            let errors = self.paint.red(counted(errors, "error"));
            heading = format!("{heading}, {errors}");
        }
        heading
    }

    fn row(&self, depth: usize, span: &Span) -> String {
        let offset = milliseconds(span.start - self.start);
        let took = milliseconds(span.end - span.start);
        let bar = self.bar(span);
        let (bar, name) = match span.error {
            Some(_) => (
                self.paint.red(bar),
                self.paint.red(format!("✗ {}", one_line(&span.name))),
            ),
            None => (self.paint.green(bar), one_line(&span.name)),
        };
        format!(
            "{} {took:>12}  {bar}  {service:<width$}  {indent}{name}",
            self.paint.dim(format!("{offset:>12}")),
            service = one_line(&span.service),
            width = self.service_width,
            indent = "  ".repeat(depth.min(DEPTH_MAX)),
        )
    }

    /// Why it failed, what it is linked to, what it logged.
    fn below(&self, depth: usize, span: &Span) -> Vec<String> {
        let mut below = Vec::new();
        if let Some(why) = span.error.as_ref().filter(|why| !why.is_empty()) {
            below.push(self.remark(depth, self.paint.red(one_line(why))));
        }
        // A message is linked to its sender, whom the tree shows already.
        let elsewhere = span.links.iter().filter(|link| **link != span.trace_id);
        for link in elsewhere {
            let link = format!("↪ linked to trace {link}");
            below.push(self.remark(depth, self.paint.yellow(link)));
        }
        let lines = self.lines.get(&span.id).into_iter().flatten();
        below.extend(lines.map(|line| self.line(depth, line)));
        below
    }

    fn line(&self, depth: usize, line: &Line) -> String {
        let offset = milliseconds(line.time.saturating_sub(self.start));
        let level = match line.level.as_str() {
            "ERROR" => self.paint.red("ERROR"),
            "WARN" => self.paint.yellow("WARN"),
            level => self.paint.dim(level),
        };
        let message = self.paint.dim(one_line(&line.message));
        self.remark(depth, format!("· {offset} {level} {message}"))
    }

    /// Below the operation, one step further in.
    fn remark(&self, depth: usize, text: impl std::fmt::Display) -> String {
        let left = 12 + 1 + 12 + 2 + BAR + 2 + self.service_width + 2;
        let indent = left + 2 * (depth.min(DEPTH_MAX) + 1);
        format!("{:indent$}{text}", "")
    }

    fn bar(&self, span: &Span) -> String {
        let whole = (self.end - self.start).max(1) as f64;
        let cell = |time: u64| (time - self.start) as f64 / whole * BAR as f64;
        let first = (cell(span.start) as usize).min(BAR - 1);
        let last = (cell(span.end).round() as usize).clamp(first + 1, BAR);
        let (before, after) = (" ".repeat(first), " ".repeat(BAR - last));
        format!("{before}{}{after}", "█".repeat(last - first))
    }
}

fn counted(number: usize, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.2} ms", nanoseconds as f64 / 1e6)
}

/// A text of a sender must not break the table or speak to the terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn span(id: &str, parent: &str, service: &str, start: u64, end: u64) -> Span {
        Span {
            trace_id: "4bf9".into(),
            id: id.into(),
            parent: parent.into(),
            service: service.into(),
            name: format!("op {id}"),
            start: start * MS,
            end: end * MS,
            ..Span::default()
        }
    }

    #[test]
    fn it_shows_offset_duration_bar_service_operation_errors_links_and_logs() {
        let mut child = span("b", "a", "order", 25, 75);
        child.error = Some("no\nanswer".into());
        child.links = vec!["4bf9".into(), "77".into()];
        let tree = Tree::of(vec![span("a", "", "gateway", 0, 100), child]);
        let line = |span: &str, message: &str| Line {
            span: span.into(),
            time: 50 * MS,
            level: "WARN".into(),
            message: message.into(),
            ..Line::default()
        };
        let lines = vec![line("b", "tried again"), line("zz", "elsewhere")];
        let text = Waterfall::of(&tree, lines, Paint::plain()).text();
        let full = "█".repeat(24);
        let half = format!("{}{}{}", " ".repeat(6), "█".repeat(12), " ".repeat(6));
        let left = " ".repeat(62);
        assert_eq!(
            text,
            [
                "trace 4bf9  100.00 ms, 2 spans, 2 services, 1 error".to_owned(),
                String::new(),
                format!("     0.00 ms    100.00 ms  {full}  gateway  op a"),
                format!("    25.00 ms     50.00 ms  {half}  order      ✗ op b"),
                format!("{left}    no answer"),
                format!("{left}    ↪ linked to trace 77"),
                format!("{left}    · 50.00 ms WARN tried again"),
                "\nlogged outside of these spans".to_owned(),
                format!("{left}  · 50.00 ms WARN elsewhere"),
            ]
        );
    }

    #[test]
    fn a_span_of_no_time_at_the_very_end_still_has_a_bar() {
        let tree = Tree::of(vec![span("a", "", "s", 0, 10), span("b", "a", "s", 10, 10)]);
        let text = Waterfall::of(&tree, Vec::new(), Paint::plain()).text();
        let last = format!("{}█  s", " ".repeat(23));
        assert!(text[3].contains(&last), "{:?}", text[3]);
    }
}
