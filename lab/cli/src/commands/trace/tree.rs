//! Spans in the order of a waterfall: parents before their children, children by time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::iter;

use super::jaeger::Span;

/// A trace, ordered.
pub(super) struct Tree {
    /// Each span with its depth below its root.
    pub(super) rows: Vec<(usize, Span)>,
}

impl Tree {
    /// Spans whose parent is not here are roots: it may not have arrived yet, or belong to a
    /// sender that does not export. So are the spans of a circle, which only a sender with a
    /// mistake makes; every span is shown, and once.
    pub(super) fn of(mut spans: Vec<Span>) -> Self {
        spans.sort_by(|a, b| (a.start, &a.id).cmp(&(b.start, &b.id)));
        let ids: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
        let mut children: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut roots = Vec::new();
        for (place, span) in spans.iter().enumerate() {
            if ids.contains(span.parent.as_str()) {
                children.entry(&span.parent).or_default().push(place);
            } else {
                roots.push(place);
            }
        }
        // What no root leads to comes last.
        roots.extend(0..spans.len());
        let (mut rows, mut shown) = (Vec::new(), HashSet::new());
        for root in roots {
            let mut next = vec![(0, root)];
            while let Some((depth, place)) = next.pop() {
                if !shown.insert(place) {
                    continue;
                }
                rows.push((depth, place));
                let below = children.get(spans[place].id.as_str());
                let below = below.into_iter().flatten().rev();
                next.extend(below.map(|child| (depth + 1, *child)));
            }
        }
        let row = |(depth, place): (usize, usize)| (depth, spans[place].clone());
        Self {
            rows: rows.into_iter().map(row).collect(),
        }
    }

    /// What the caller waited for, in so many rows: nothing that began after the root ended, no statements, no messages,
    /// and of the rest what failed and what took longest, each with all that it is part of.
    pub(super) fn abridged(&self, rows_max: usize) -> Self {
        let answered = self.rows.first().map_or(0, |(_, root)| root.end);
        let mut telling: Vec<usize> = (0..self.rows.len()).collect();
        telling.retain(|place| {
            let span = &self.rows[*place].1;
            !span.detail && span.start <= answered
        });
        telling.sort_by_key(|place| {
            let span = &self.rows[*place].1;
            (span.error.is_none(), Reverse(span.end - span.start))
        });
        let mut kept = BTreeSet::new();
        for place in telling {
            let new: Vec<usize> = self.path(place).filter(|row| !kept.contains(row)).collect();
            if kept.len() + new.len() <= rows_max {
                kept.extend(new);
            }
        }
        Self {
            rows: kept.into_iter().map(|row| self.rows[row].clone()).collect(),
        }
    }

    /// A row and those above it that it is part of, up to its root.
    fn path(&self, row: usize) -> impl Iterator<Item = usize> {
        iter::successors(Some(row), |below| {
            let depth = self.rows[*below].0;
            (0..*below).rev().find(|above| self.rows[*above].0 < depth)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: &str, start: u64) -> Span {
        Span {
            id: id.into(),
            parent: parent.into(),
            start,
            ..Span::default()
        }
    }

    fn order(spans: Vec<Span>) -> Vec<(usize, String)> {
        let rows = Tree::of(spans).rows.into_iter();
        rows.map(|(depth, span)| (depth, span.id)).collect()
    }

    fn row(depth: usize, id: &str) -> (usize, String) {
        (depth, id.to_owned())
    }

    #[test]
    fn parents_come_before_their_children_and_children_by_time() {
        let spans = vec![
            span("late", "root", 9),
            span("leaf", "early", 3),
            span("early", "root", 2),
            span("root", "", 1),
        ];
        let expected = [
            row(0, "root"),
            row(1, "early"),
            row(2, "leaf"),
            row(1, "late"),
        ];
        assert_eq!(order(spans), expected);
    }

    #[test]
    fn a_span_whose_parent_is_missing_is_a_root() {
        let spans = vec![span("b", "gone", 2), span("a", "", 1)];
        assert_eq!(order(spans), [row(0, "a"), row(0, "b")]);
    }

    #[test]
    fn the_short_form_has_what_failed_and_what_took_longest_until_the_answer() {
        let took = |id: &str, parent: &str, start: u64, took: u64| Span {
            end: start + took,
            ..span(id, parent, start)
        };
        let statement = Span {
            detail: true,
            ..took("SELECT", "root", 2, 90)
        };
        let later = took("later", "root", 102, 500);
        let failed = Span {
            error: Some(String::new()),
            ..took("failed", "short", 95, 1)
        };
        let tree = Tree::of(vec![
            took("root", "", 1, 100),
            statement,
            later,
            took("long", "root", 3, 80),
            took("leaf", "long", 4, 70),
            took("short", "root", 94, 3),
            failed,
        ]);
        let short = |rows_max| -> Vec<(usize, String)> {
            let rows = tree.abridged(rows_max).rows.into_iter();
            rows.map(|(depth, span)| (depth, span.id)).collect()
        };
        let (root, long, leaf) = (row(0, "root"), row(1, "long"), row(2, "leaf"));
        let (above, failed) = (row(1, "short"), row(2, "failed"));
        assert_eq!(
            short(9),
            [&root, &long, &leaf, &above, &failed].map(Clone::clone)
        );
        assert_eq!(short(4), [&root, &long, &above, &failed].map(Clone::clone));
        // What does not fit with all that it is part of is left out; what does, is not.
        assert_eq!(short(2), [root, long]);
    }

    #[test]
    fn a_circle_is_shown_once_and_ends() {
        let spans = vec![span("a", "b", 1), span("b", "a", 2), span("me", "me", 3)];
        assert_eq!(order(spans), [row(0, "a"), row(1, "b"), row(0, "me")]);
    }
}
