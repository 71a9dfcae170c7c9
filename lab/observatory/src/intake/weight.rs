//! What a request will take once it is decoded, known before it is.
//!
//! An empty span is two bytes on the wire and some hundred in memory: four megabytes of them would
//! become seven hundred. So the messages are counted first, by walking the wire format
//! (<https://protobuf.dev/programming-guides/encoding/>) without decoding it. What is malformed ends
//! the walk; the decoder gets no further and says what is wrong.

use crate::wire::{
    AnyValue, Event, KeyValue, Link, LogRecord, ResourceLogs, ResourceSpans, ScopeLogs, ScopeSpans,
    Span,
};

/// Decoded messages of one request, in bytes. A collector's batch of 8,192 spans takes about half.
pub(super) const DECODED_BYTES_MAX: usize = 16_000_000;
/// Decoders nest no deeper than this.
const DEPTH_MAX: usize = 100;

/// A message: what one takes where it is kept in a list, and those of its fields that are messages.
pub(super) struct Shape {
    bytes: usize,
    parts: &'static [(u64, &'static Shape)],
}

impl Shape {
    const fn of<T>(parts: &'static [(u64, &'static Shape)]) -> Self {
        let bytes = size_of::<T>();
        Self { bytes, parts }
    }

    const fn inline(parts: &'static [(u64, &'static Shape)]) -> Self {
        Self { bytes: 0, parts }
    }
}

pub(super) static TRACES: Shape = Shape::inline(&[(1, &RESOURCE_SPANS)]);
static RESOURCE_SPANS: Shape = Shape::of::<ResourceSpans>(&[(1, &RESOURCE), (2, &SCOPE_SPANS)]);
static SCOPE_SPANS: Shape = Shape::of::<ScopeSpans>(&[(1, &SCOPE), (2, &SPAN)]);
static SPAN: Shape = Shape::of::<Span>(&[(9, &ATTRIBUTE), (11, &EVENT), (13, &LINK)]);
static EVENT: Shape = Shape::of::<Event>(&[(3, &ATTRIBUTE)]);
static LINK: Shape = Shape::of::<Link>(&[(4, &ATTRIBUTE)]);

pub(super) static LOGS: Shape = Shape::inline(&[(1, &RESOURCE_LOGS)]);
static RESOURCE_LOGS: Shape = Shape::of::<ResourceLogs>(&[(1, &RESOURCE), (2, &SCOPE_LOGS)]);
static SCOPE_LOGS: Shape = Shape::of::<ScopeLogs>(&[(1, &SCOPE), (2, &RECORD)]);
static RECORD: Shape = Shape::of::<LogRecord>(&[(5, &VALUE), (6, &ATTRIBUTE)]);

static RESOURCE: Shape = Shape::inline(&[(1, &ATTRIBUTE)]);
static SCOPE: Shape = Shape::inline(&[(3, &ATTRIBUTE)]);
static ATTRIBUTE: Shape = Shape::of::<KeyValue>(&[(2, &VALUE)]);
static VALUE: Shape = Shape::of::<AnyValue>(&[(5, &ARRAY), (6, &MAP)]);
static ARRAY: Shape = Shape::inline(&[(1, &VALUE)]);
static MAP: Shape = Shape::inline(&[(1, &ATTRIBUTE)]);

/// Bytes of the messages in `wire` once they are decoded.
pub(super) fn of_protobuf(shape: &Shape, wire: &[u8]) -> usize {
    walk(shape, wire, 0)
}

/// At most so many bytes: every object may be the largest message there is, and so may every list,
/// because serde takes one for an object without names.
pub(super) fn of_json(text: &[u8]) -> usize {
    let opening = |byte: &&u8| matches!(**byte, b'{' | b'[');
    text.iter().filter(opening).count() * size_of::<Span>()
}

fn walk(shape: &Shape, mut wire: &[u8], depth: usize) -> usize {
    let mut bytes = shape.bytes;
    while depth < DEPTH_MAX
        && let Some((number, field)) = next_field(&mut wire)
    {
        let part = shape.parts.iter().find(|(known, _)| *known == number);
        if let Some((_, part)) = part {
            bytes += walk(part, field, depth + 1);
        }
    }
    bytes
}

/// The number of the next field, and its content if it may be a message; none at the end, and
/// where the wire format is broken.
fn next_field<'a>(wire: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let key = varint(wire)?;
    let length = match key & 7 {
        0 => {
            varint(wire)?;
            0
        }
        1 => 8,
        2 => usize::try_from(varint(wire)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (field, rest) = wire.split_at_checked(length)?;
    *wire = rest;
    Some((key >> 3, field))
}

fn varint(wire: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = wire.split_first()?;
        *wire = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::wire::TracesData;

    #[test]
    fn every_message_is_counted_where_it_is() {
        let attribute = KeyValue {
            key: "k".into(),
            value: Some(AnyValue::default()),
        };
        let span = Span {
            trace_id: vec![1; 16],
            start_time_unix_nano: 7,
            flags: 1,
            kind: 2,
            attributes: vec![attribute.clone(), attribute.clone()],
            events: vec![Event {
                attributes: vec![attribute],
                ..Event::default()
            }],
            ..Span::default()
        };
        let scope_spans = ScopeSpans {
            scope: None,
            spans: vec![span],
        };
        let data = TracesData {
            resource_spans: vec![ResourceSpans {
                resource: None,
                scope_spans: vec![scope_spans],
            }],
        };
        let attributes = 3 * (size_of::<KeyValue>() + size_of::<AnyValue>());
        let spans = size_of::<Span>() + size_of::<Event>();
        let around = size_of::<ResourceSpans>() + size_of::<ScopeSpans>();
        let weight = of_protobuf(&TRACES, &data.encode_to_vec());
        assert_eq!(weight, attributes + spans + around);
    }

    #[test]
    fn what_is_broken_ends_the_walk() {
        for wire in [&b"\xff\xff\xff"[..], b"\x0a\x05\x00", b"\x0b", b"\x0a"] {
            assert_eq!(of_protobuf(&TRACES, wire), 0, "{wire:?}");
        }
    }
}
