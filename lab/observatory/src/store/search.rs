//! Finding traces. As in Jaeger, one span must meet every condition; the trace is found by it.
//!
//! A search looks at every span. Names and attributes are compared as ids, four bytes each, and a
//! text that no span holds ends the search before it begins; the store is bounded, so no index
//! would earn the memory that it takes from the spans.

use std::cmp::Reverse;

use super::compact::Attribute;
use super::ids::TraceId;
use super::pool::Id;
use super::span::Span;
use super::traces::Traces;

/// What a trace must have to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Name of a service; any when none.
    pub service: Option<String>,
    /// Name of an operation; any when none.
    pub operation: Option<String>,
    /// Attributes of the span, its resource or one of its events; `error` and `span.kind` speak of
    /// the span itself. Values are compared as text.
    pub attributes: Vec<(String, String)>,
    /// The span started at this time or later, in nanoseconds since 1970.
    pub start_min: u64,
    /// The span started at this time or earlier.
    pub start_max: u64,
    /// The span took at least so long, in nanoseconds.
    pub duration_min: u64,
    /// The span took at most so long.
    pub duration_max: u64,
    /// No more traces than this, the latest first.
    pub limit: usize,
}

/// A [`Search`] in the store's own terms.
struct Terms<'a> {
    search: &'a Search,
    service: Option<Id>,
    operation: Option<Id>,
    attributes: Vec<Term<'a>>,
}

struct Term<'a> {
    key: Option<Id>,
    /// For the two keys that speak of the span itself.
    name: &'a str,
    value: Option<Id>,
    text: &'a str,
}

impl Traces {
    /// The traces, the latest first.
    pub(super) fn search(&self, search: &Search) -> Vec<TraceId> {
        let Some(terms) = self.terms(search) else {
            return Vec::new();
        };
        let mut found: Vec<(u64, TraceId)> = self
            .traces
            .iter()
            .filter(|(_, trace)| trace.spans.iter().any(|span| self.matches(span, &terms)))
            .map(|(id, trace)| {
                let starts = trace.spans.iter().map(|span| span.start);
                (starts.min().unwrap_or_default(), *id)
            })
            .collect();
        found.sort_unstable_by_key(|found| Reverse(*found));
        found.truncate(search.limit);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// None when it asks for a name that no span has.
    fn terms<'a>(&self, search: &'a Search) -> Option<Terms<'a>> {
        let known = |name: &Option<String>| match name {
            Some(name) => self.strings.find(name.as_str()).map(Some),
            None => Some(None),
        };
        let term = |(key, value): &'a (String, String)| Term {
            key: self.strings.find(key.as_str()),
            name: key,
            value: self.strings.find(value.as_str()),
            text: value,
        };
        Some(Terms {
            search,
            service: known(&search.service)?,
            operation: known(&search.operation)?,
            attributes: search.attributes.iter().map(term).collect(),
        })
    }

    fn matches(&self, span: &Span, terms: &Terms<'_>) -> bool {
        let search = terms.search;
        (search.start_min..=search.start_max).contains(&span.start)
            && (search.duration_min..=search.duration_max).contains(&span.duration())
            && terms.operation.is_none_or(|name| span.name == name)
            && terms.service.is_none_or(|name| self.service(span) == name)
            && terms.attributes.iter().all(|term| self.has(span, term))
    }

    fn has(&self, span: &Span, term: &Term<'_>) -> bool {
        let has = |attributes: &[Attribute]| {
            let same = |one: &Attribute| {
                Some(one.key) == term.key && one.value.reads(term.text, term.value)
            };
            attributes.iter().any(same)
        };
        let of_span = match term.name {
            "error" => term.text.parse() == Ok(span.failed()),
            "span.kind" => kind_name(span.kind) == term.text,
            _ => false,
        };
        of_span
            || has(&span.attributes)
            || has(&self.resources.get(span.source.resource).attributes)
            || span.events.iter().any(|event| has(&event.attributes))
    }
}

/// Kinds by OTLP's number, as Jaeger writes them.
const KINDS: [&str; 6] = ["", "internal", "server", "client", "producer", "consumer"];

/// The kind of a span as Jaeger writes it; empty when unspecified.
#[must_use]
pub fn kind_name(kind: u8) -> &'static str {
    KINDS.get(usize::from(kind)).copied().unwrap_or_default()
}
