//! A span as it is kept.

use super::compact::{Attribute, Release, Strings, attributes, exactly, key_values};
use super::heap::{self, Heap};
use super::ids::{TraceId, span_id, span_id_bytes};
use super::pool::Id;
use crate::wire;

/// Which resource and scope a span belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) resource: Id,
    pub(super) scope: Id,
}

/// One operation. Times are nanoseconds since 1970.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) id: u64,
    /// 0 for a root.
    pub(super) parent: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) source: Source,
    pub(super) name: Id,
    trace_state: Id,
    status_message: Id,
    pub(super) kind: u8,
    status: u8,
    flags: u32,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    pub(super) attributes: Box<[Attribute]>,
    pub(super) events: Box<[Event]>,
    links: Box<[Link]>,
}

/// A moment of a span.
#[derive(Debug)]
pub(super) struct Event {
    time: u64,
    name: Id,
    dropped_attributes: u32,
    pub(super) attributes: Box<[Attribute]>,
}

/// A span elsewhere. Its ids are kept as sent: they need not be valid.
#[derive(Debug)]
struct Link {
    trace: u128,
    span: u64,
    trace_state: Id,
    flags: u32,
    dropped_attributes: u32,
    attributes: Box<[Attribute]>,
}

impl Span {
    /// As it is kept; `id` is its id, which the caller has found valid.
    pub(super) fn keep(id: u64, from: wire::Span, source: Source, strings: &mut Strings) -> Self {
        let status = from.status.unwrap_or_default();
        Self {
            id,
            parent: span_id(&from.parent_span_id).unwrap_or_default(),
            start: from.start_time_unix_nano,
            end: from.end_time_unix_nano,
            source,
            name: strings.hold(from.name.as_str()),
            trace_state: strings.hold(from.trace_state.as_str()),
            status_message: strings.hold(status.message.as_str()),
            kind: small(from.kind),
            status: small(status.code),
            flags: from.flags,
            dropped_attributes: from.dropped_attributes_count,
            dropped_events: from.dropped_events_count,
            dropped_links: from.dropped_links_count,
            attributes: attributes(from.attributes, strings),
            events: exactly(from.events, |event| Event::keep(event, strings)),
            links: exactly(from.links, |link| Link::keep(link, strings)),
        }
    }

    /// As it was sent.
    pub(super) fn send(&self, trace: TraceId, strings: &Strings) -> wire::Span {
        let text = |id: Id| strings.get(id).to_string();
        let status = wire::Status {
            message: text(self.status_message),
            code: self.status.into(),
        };
        wire::Span {
            trace_id: trace.to_bytes(),
            span_id: span_id_bytes(self.id),
            trace_state: text(self.trace_state),
            parent_span_id: span_id_bytes(self.parent),
            flags: self.flags,
            name: text(self.name),
            kind: self.kind.into(),
            start_time_unix_nano: self.start,
            end_time_unix_nano: self.end,
            attributes: key_values(&self.attributes, strings),
            dropped_attributes_count: self.dropped_attributes,
            events: self.events.iter().map(|one| one.send(strings)).collect(),
            dropped_events_count: self.dropped_events,
            links: self.links.iter().map(|one| one.send(strings)).collect(),
            dropped_links_count: self.dropped_links,
            status: (status != wire::Status::default()).then_some(status),
        }
    }

    /// How long it took, in nanoseconds; 0 when the sender's clock went backwards.
    pub(super) fn duration(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Did it end in an error?
    pub(super) fn failed(&self) -> bool {
        i32::from(self.status) == wire::STATUS_ERROR
    }
}

impl Event {
    fn keep(from: wire::Event, strings: &mut Strings) -> Self {
        Self {
            time: from.time_unix_nano,
            name: strings.hold(from.name.as_str()),
            dropped_attributes: from.dropped_attributes_count,
            attributes: attributes(from.attributes, strings),
        }
    }

    fn send(&self, strings: &Strings) -> wire::Event {
        wire::Event {
            time_unix_nano: self.time,
            name: strings.get(self.name).to_string(),
            attributes: key_values(&self.attributes, strings),
            dropped_attributes_count: self.dropped_attributes,
        }
    }
}

impl Link {
    fn keep(from: wire::Link, strings: &mut Strings) -> Self {
        let trace = from.trace_id.as_slice().try_into();
        Self {
            trace: trace.map(u128::from_be_bytes).unwrap_or_default(),
            span: span_id(&from.span_id).unwrap_or_default(),
            trace_state: strings.hold(from.trace_state.as_str()),
            flags: from.flags,
            dropped_attributes: from.dropped_attributes_count,
            attributes: attributes(from.attributes, strings),
        }
    }

    fn send(&self, strings: &Strings) -> wire::Link {
        wire::Link {
            trace_id: self.trace.to_be_bytes().to_vec(),
            span_id: self.span.to_be_bytes().to_vec(),
            trace_state: strings.get(self.trace_state).to_string(),
            attributes: key_values(&self.attributes, strings),
            dropped_attributes_count: self.dropped_attributes,
            flags: self.flags,
        }
    }
}

impl Release for Span {
    fn release(&self, strings: &mut Strings) {
        for id in [self.name, self.trace_state, self.status_message] {
            strings.release(id);
        }
        self.attributes.release(strings);
        self.events.release(strings);
        self.links.release(strings);
    }
}

impl Release for Event {
    fn release(&self, strings: &mut Strings) {
        strings.release(self.name);
        self.attributes.release(strings);
    }
}

impl Release for Link {
    fn release(&self, strings: &mut Strings) {
        strings.release(self.trace_state);
        self.attributes.release(strings);
    }
}

impl Heap for Span {
    fn heap(&self) -> usize {
        self.attributes.heap() + self.events.heap() + self.links.heap()
    }
}

impl Heap for Event {
    fn heap(&self) -> usize {
        self.attributes.heap()
    }
}

impl Heap for Link {
    fn heap(&self) -> usize {
        self.attributes.heap()
    }
}

/// An enum of OTLP; a number that no version of it has means "unspecified".
pub(super) fn small(number: i32) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

/// What a slice of spans takes beside what each owns.
pub(super) fn room(spans: &Vec<Span>) -> usize {
    heap::array::<Span>(spans.capacity())
}
