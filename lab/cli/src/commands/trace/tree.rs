//! Spans in the order of a waterfall: parents before their children, children by time.

use std::collections::{HashMap, HashSet};

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
    fn a_circle_is_shown_once_and_ends() {
        let spans = vec![span("a", "b", 1), span("b", "a", 2), span("me", "me", 3)];
        assert_eq!(order(spans), [row(0, "a"), row(1, "b"), row(0, "me")]);
    }
}
