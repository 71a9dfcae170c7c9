//! The traces: put in, pushed out, got by id.
//!
//! Bounded by bytes. When the bound is passed, whole traces go, the one whose first span came
//! first before the others. What is here is either all that came of a trace, or nothing.

use std::collections::VecDeque;
use std::hash::RandomState;

use hashbrown::HashMap;
use prost::Message as _;

use super::compact::{Release as _, Strings};
use super::evicted::Evicted;
use super::heap::{self, Heap as _};
use super::ids::{TraceId, span_id};
use super::origin::Origins;
use super::pool::Id;
use super::span::{Source, Span, room};
use crate::wire::{self, ResourceSpans, ScopeSpans, TracesData};

/// No trace may take more than this part of the memory: one that never ends would push all others
/// out.
const TRACE_SHARE: usize = 8;

/// What became of spans that were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanOutcome {
    /// Stored.
    pub stored: u64,
    /// Stored before: an export that was tried again.
    pub duplicate: u64,
    /// Refused: trace or span id missing, of the wrong length, or zero.
    pub invalid: u64,
    /// Refused: their trace has been evicted.
    pub late: u64,
    /// Refused: their trace has had its share of the memory.
    pub oversized: u64,
    /// Traces that had to go to make room.
    pub evicted_traces: u64,
    /// Their spans.
    pub evicted_spans: u64,
}

impl SpanOutcome {
    /// How many spans were not accepted.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.invalid + self.late + self.oversized
    }
}

/// An operation of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Operation {
    pub(super) service: Id,
    pub(super) name: Id,
    pub(super) kind: u8,
}

/// A trace.
#[derive(Default)]
pub(super) struct Trace {
    pub(super) spans: Vec<Span>,
    /// What the spans own.
    heap: usize,
    /// What they were on the wire.
    sent: usize,
}

impl Trace {
    fn bytes(&self) -> usize {
        self.heap + room(&self.spans)
    }
}

/// All traces.
pub(super) struct Traces {
    pub(super) strings: Strings,
    pub(super) resources: Origins,
    scopes: Origins,
    pub(super) traces: HashMap<TraceId, Trace, RandomState>,
    oldest_first: VecDeque<TraceId>,
    evicted: Evicted,
    /// Each operation with the number of its spans.
    pub(super) operations: HashMap<Operation, u32, RandomState>,
    spans: usize,
    heap: usize,
    bytes_max: usize,
}

impl Traces {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            strings: Strings::default(),
            resources: Origins::default(),
            scopes: Origins::default(),
            traces: HashMap::default(),
            oldest_first: VecDeque::new(),
            evicted: Evicted::default(),
            operations: HashMap::default(),
            spans: 0,
            heap: 0,
            bytes_max,
        }
    }

    /// Stores what it can.
    pub(super) fn insert(&mut self, data: TracesData) -> SpanOutcome {
        let mut outcome = SpanOutcome::default();
        for of_resource in data.resource_spans {
            let (strings, resources) = (&mut self.strings, &mut self.resources);
            let resource = resources.hold_resource(of_resource.resource, strings);
            for of_scope in of_resource.scope_spans {
                let scope = self.scopes.hold_scope(of_scope.scope, &mut self.strings);
                let source = Source { resource, scope };
                for span in of_scope.spans {
                    self.insert_span(span, source, &mut outcome);
                    self.make_room(&mut outcome);
                }
                self.scopes.release(scope, &mut self.strings);
            }
            self.resources.release(resource, &mut self.strings);
        }
        outcome
    }

    /// All that there is of a trace.
    pub(super) fn get(&self, id: TraceId) -> Option<TracesData> {
        let trace = self.traces.get(&id)?;
        let mut resource_spans: Vec<(Id, ResourceSpans)> = Vec::new();
        let mut scopes: Vec<(Source, usize, ScopeSpans)> = Vec::new();
        for span in &trace.spans {
            let place = scopes
                .iter()
                .position(|(source, ..)| *source == span.source);
            let place = place.unwrap_or_else(|| {
                let resource = self.resource_place(span.source.resource, &mut resource_spans);
                let scope = self.scopes.scope(span.source.scope, &self.strings);
                let spans = ScopeSpans {
                    scope: (scope != wire::InstrumentationScope::default()).then_some(scope),
                    spans: Vec::new(),
                };
                scopes.push((span.source, resource, spans));
                scopes.len() - 1
            });
            scopes[place].2.spans.push(span.send(id, &self.strings));
        }
        for (_, resource, spans) in scopes {
            resource_spans[resource].1.scope_spans.push(spans);
        }
        let resource_spans = resource_spans.into_iter().map(|(_, spans)| spans).collect();
        Some(TracesData { resource_spans })
    }

    pub(super) fn span_count(&self) -> usize {
        self.spans
    }

    /// What everything here takes.
    pub(super) fn bytes(&self) -> usize {
        self.heap
            + self.strings.bytes()
            + self.resources.bytes()
            + self.scopes.bytes()
            + self.traces.allocation_size()
            + heap::array::<TraceId>(self.oldest_first.capacity())
            + self.evicted.bytes()
            + self.operations.allocation_size()
    }

    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// The service that a span is of.
    pub(super) fn service(&self, span: &Span) -> Id {
        self.resources.get(span.source.resource).first
    }

    fn resource_place(&self, id: Id, places: &mut Vec<(Id, ResourceSpans)>) -> usize {
        if let Some(place) = places.iter().position(|(known, _)| *known == id) {
            return place;
        }
        let spans = ResourceSpans {
            resource: Some(self.resources.resource(id, &self.strings)),
            scope_spans: Vec::new(),
        };
        places.push((id, spans));
        places.len() - 1
    }

    fn insert_span(&mut self, span: wire::Span, source: Source, outcome: &mut SpanOutcome) {
        let ids = TraceId::from_bytes(&span.trace_id).zip(span_id(&span.span_id));
        let Some((trace_id, id)) = ids else {
            outcome.invalid += 1;
            return;
        };
        if self.evicted.contains(trace_id) {
            outcome.late += 1;
            return;
        }
        let (sent, sent_max) = (span.encoded_len(), self.bytes_max / TRACE_SHARE);
        let sent_before = self.traces.get(&trace_id).map_or(0, |trace| trace.sent);
        if sent_before + sent > sent_max {
            outcome.oversized += 1;
            return;
        }
        let trace = self.traces.entry(trace_id).or_insert_with(|| {
            self.oldest_first.push_back(trace_id);
            Trace::default()
        });
        if trace.spans.iter().any(|known| known.id == id) {
            outcome.duplicate += 1;
            return;
        }
        self.resources.hold_again(source.resource);
        self.scopes.hold_again(source.scope);
        let span = Span::keep(id, span, source, &mut self.strings);
        let operation = Operation {
            service: self.resources.get(source.resource).first,
            name: span.name,
            kind: span.kind,
        };
        *self.operations.entry(operation).or_default() += 1;
        let before = trace.bytes();
        trace.sent += sent;
        trace.heap += span.heap();
        trace.spans.push(span);
        self.heap += trace.bytes() - before;
        self.spans += 1;
        outcome.stored += 1;
    }

    fn make_room(&mut self, outcome: &mut SpanOutcome) {
        while self.bytes() > self.bytes_max
            && let Some(id) = self.oldest_first.pop_front()
        {
            let trace = self.traces.remove(&id);
            let trace = trace.expect("each trace is in the queue, and each id of it has a trace");
            outcome.evicted_traces += 1;
            outcome.evicted_spans += trace.spans.len() as u64;
            self.spans -= trace.spans.len();
            self.heap -= trace.bytes();
            trace.spans.iter().for_each(|span| self.forget(span));
            self.evicted.remember(id);
        }
    }

    fn forget(&mut self, span: &Span) {
        let operation = Operation {
            service: self.service(span),
            name: span.name,
            kind: span.kind,
        };
        if let hashbrown::hash_map::Entry::Occupied(mut entry) = self.operations.entry(operation) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        span.release(&mut self.strings);
        self.resources
            .release(span.source.resource, &mut self.strings);
        self.scopes.release(span.source.scope, &mut self.strings);
    }
}

#[cfg(test)]
#[path = "traces/tests.rs"]
mod tests;
