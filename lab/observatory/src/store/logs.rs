//! The log records: put in, pushed out oldest first, found by trace and service.

use std::collections::VecDeque;

use super::compact::{Attribute, Release as _, Strings, Value, attributes, key_values};
use super::heap::{self, Heap as _};
use super::ids::{TraceId, span_id, span_id_bytes};
use super::origin::Origins;
use super::pool::Id;
use super::span::{Source, small};
use crate::wire::{self, LogsData, ResourceLogs, ScopeLogs};

/// What became of log records that were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogOutcome {
    /// Stored.
    pub stored: u64,
    /// Older ones that had to go to make room.
    pub evicted: u64,
}

/// Which log records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogSearch {
    /// Of this trace; of any and of none when none.
    pub trace: Option<TraceId>,
    /// Of this service; of any when none.
    pub service: Option<String>,
    /// No more than this, the latest.
    pub limit: usize,
}

struct Record {
    time: u64,
    observed: u64,
    trace: Option<TraceId>,
    span: u64,
    source: Source,
    severity_text: Id,
    event_name: Id,
    severity: u8,
    flags: u32,
    dropped_attributes: u32,
    body: Value,
    attributes: Box<[Attribute]>,
}

/// All log records.
pub(super) struct Logs {
    strings: Strings,
    resources: Origins,
    scopes: Origins,
    oldest_first: VecDeque<Record>,
    heap: usize,
    bytes_max: usize,
}

impl Logs {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            strings: Strings::default(),
            resources: Origins::default(),
            scopes: Origins::default(),
            oldest_first: VecDeque::new(),
            heap: 0,
            bytes_max,
        }
    }

    /// Stores all of them; the oldest go to make room.
    pub(super) fn insert(&mut self, data: LogsData) -> LogOutcome {
        let mut outcome = LogOutcome::default();
        for of_resource in data.resource_logs {
            let (strings, resources) = (&mut self.strings, &mut self.resources);
            let resource = resources.hold_resource(of_resource.resource, strings);
            for of_scope in of_resource.scope_logs {
                let scope = self.scopes.hold_scope(of_scope.scope, &mut self.strings);
                for record in of_scope.log_records {
                    self.resources.hold_again(resource);
                    self.scopes.hold_again(scope);
                    self.push(record, Source { resource, scope });
                    outcome.stored += 1;
                    outcome.evicted += self.make_room();
                }
                self.scopes.release(scope, &mut self.strings);
            }
            self.resources.release(resource, &mut self.strings);
        }
        outcome
    }

    /// What was asked for, in the order of arrival.
    pub(super) fn search(&self, search: &LogSearch) -> LogsData {
        let service = search
            .service
            .as_deref()
            .map(|name| self.strings.find(name));
        let wanted = |record: &&Record| {
            let own = || self.resources.get(record.source.resource).first;
            search.trace.is_none_or(|id| record.trace == Some(id))
                && service.is_none_or(|name| name == Some(own()))
        };
        let latest = self.oldest_first.iter().rev().filter(wanted);
        let mut found: Vec<&Record> = latest.take(search.limit).collect();
        found.reverse();
        self.send(&found)
    }

    pub(super) fn len(&self) -> usize {
        self.oldest_first.len()
    }

    /// What everything here takes.
    pub(super) fn bytes(&self) -> usize {
        self.heap
            + heap::array::<Record>(self.oldest_first.capacity())
            + self.strings.bytes()
            + self.resources.bytes()
            + self.scopes.bytes()
    }

    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    fn push(&mut self, from: wire::LogRecord, source: Source) {
        let strings = &mut self.strings;
        let record = Record {
            time: from.time_unix_nano,
            observed: from.observed_time_unix_nano,
            trace: TraceId::from_bytes(&from.trace_id),
            span: span_id(&from.span_id).unwrap_or_default(),
            source,
            severity_text: strings.hold(from.severity_text.as_str()),
            event_name: strings.hold(from.event_name.as_str()),
            severity: small(from.severity_number),
            flags: from.flags,
            dropped_attributes: from.dropped_attributes_count,
            body: Value::keep(from.body.unwrap_or_default(), strings),
            attributes: attributes(from.attributes, strings),
        };
        self.heap += record.heap();
        self.oldest_first.push_back(record);
    }

    fn make_room(&mut self) -> u64 {
        let mut evicted = 0;
        while self.bytes() > self.bytes_max
            && let Some(record) = self.oldest_first.pop_front()
        {
            self.heap -= record.heap();
            record.release(&mut self.strings);
            let Source { resource, scope } = record.source;
            self.resources.release(resource, &mut self.strings);
            self.scopes.release(scope, &mut self.strings);
            evicted += 1;
        }
        evicted
    }

    /// By resource and scope, as OTLP has it.
    fn send(&self, records: &[&Record]) -> LogsData {
        let mut by_source: Vec<(Source, Vec<wire::LogRecord>)> = Vec::new();
        for record in records {
            let known = by_source.iter().position(|(it, _)| *it == record.source);
            let place = known.unwrap_or_else(|| {
                by_source.push((record.source, Vec::new()));
                by_source.len() - 1
            });
            by_source[place].1.push(record.send(&self.strings));
        }
        let resource_logs = by_source.into_iter().map(|(source, log_records)| {
            let scope = self.scopes.scope(source.scope, &self.strings);
            let scope = (scope != wire::InstrumentationScope::default()).then_some(scope);
            ResourceLogs {
                resource: Some(self.resources.resource(source.resource, &self.strings)),
                scope_logs: vec![ScopeLogs { scope, log_records }],
            }
        });
        LogsData {
            resource_logs: resource_logs.collect(),
        }
    }
}

impl Record {
    fn heap(&self) -> usize {
        self.body.heap() + self.attributes.heap()
    }

    fn release(&self, strings: &mut Strings) {
        strings.release(self.severity_text);
        strings.release(self.event_name);
        self.body.release(strings);
        self.attributes.release(strings);
    }

    fn send(&self, strings: &Strings) -> wire::LogRecord {
        wire::LogRecord {
            time_unix_nano: self.time,
            observed_time_unix_nano: self.observed,
            severity_number: self.severity.into(),
            severity_text: strings.get(self.severity_text).to_string(),
            body: Some(self.body.send(strings)).filter(|body| body.value.is_some()),
            attributes: key_values(&self.attributes, strings),
            dropped_attributes_count: self.dropped_attributes,
            flags: self.flags,
            trace_id: self.trace.map(TraceId::to_bytes).unwrap_or_default(),
            span_id: span_id_bytes(self.span),
            event_name: strings.get(self.event_name).to_string(),
        }
    }
}
