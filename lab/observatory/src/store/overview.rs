//! Traces in short, services with their operations, and who calls whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::ids::TraceId;
use super::pool::Id;
use super::search::kind_name;
use super::span::Span;
use super::traces::{Trace, Traces};

/// A trace in short, as in Jaeger's `/api/v3/trace-summaries`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Which trace.
    pub trace_id: TraceId,
    /// Service of its root: the span without a parent that began first, or else the first of all.
    pub root_service: String,
    /// Operation of its root.
    pub root_operation: String,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// How many spans it has.
    pub spans: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How many name a parent that is not here.
    pub orphans: u64,
    /// Its services by name, each with its spans and errors.
    pub services: Vec<(String, u64, u64)>,
}

/// An operation of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationName {
    /// Its name.
    pub name: String,
    /// `server`, `client`, …; empty when unspecified.
    pub span_kind: &'static str,
}

/// One service called another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// Who called.
    pub parent: String,
    /// Who was called.
    pub child: String,
    /// How often.
    pub call_count: u64,
}

impl Traces {
    /// A trace in short.
    pub(super) fn summary(&self, trace_id: TraceId) -> Option<Summary> {
        let trace = self.traces.get(&trace_id)?;
        let root = trace
            .spans
            .iter()
            .min_by_key(|s| (s.parent != 0, s.start))?;
        let mut services: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for span in &trace.spans {
            let (spans, errors) = services.entry(self.text(self.service(span))).or_default();
            *spans += 1;
            *errors += u64::from(span.failed());
        }
        let ids: BTreeSet<u64> = trace.spans.iter().map(|span| span.id).collect();
        let orphan = |span: &&Span| span.parent != 0 && !ids.contains(&span.parent);
        let starts = trace.spans.iter().map(|span| span.start);
        let ends = trace.spans.iter().map(|span| span.end);
        Some(Summary {
            trace_id,
            root_service: self.text(self.service(root)).to_owned(),
            root_operation: self.text(root.name).to_owned(),
            start: starts.min().unwrap_or_default(),
            end: ends.max().unwrap_or_default(),
            spans: trace.spans.len() as u64,
            errors: services.values().map(|(_, errors)| errors).sum(),
            orphans: trace.spans.iter().filter(orphan).count() as u64,
            services: services
                .into_iter()
                .map(|(name, (spans, errors))| (name.to_owned(), spans, errors))
                .collect(),
        })
    }

    /// The services that have spans here.
    pub(super) fn services(&self) -> BTreeSet<String> {
        let ids: std::collections::HashSet<Id> =
            self.operations.keys().map(|one| one.service).collect();
        ids.into_iter().map(|id| self.text(id).to_owned()).collect()
    }

    /// The operations of a service.
    pub(super) fn operations(&self, service: &str) -> BTreeSet<OperationName> {
        let service = self.strings.find(service);
        self.operations
            .keys()
            .filter(|one| Some(one.service) == service)
            .map(|one| OperationName {
                name: self.text(one.name).to_owned(),
                span_kind: kind_name(one.kind),
            })
            .collect()
    }

    /// Calls between services whose spans started in this time, in nanoseconds since 1970.
    pub(super) fn dependencies(&self, start: u64, end: u64) -> Vec<Dependency> {
        let mut calls: HashMap<(Id, Id), u64> = HashMap::new();
        for trace in self.traces.values() {
            self.count_calls(trace, start, end, &mut calls);
        }
        let dependency = |((parent, child), call_count)| Dependency {
            parent: self.text(parent).to_owned(),
            child: self.text(child).to_owned(),
            call_count,
        };
        let mut all: Vec<Dependency> = calls.into_iter().map(dependency).collect();
        all.sort();
        all
    }

    fn count_calls(&self, trace: &Trace, from: u64, to: u64, calls: &mut HashMap<(Id, Id), u64>) {
        let services: HashMap<u64, Id> = trace
            .spans
            .iter()
            .map(|span| (span.id, self.service(span)))
            .collect();
        for span in &trace.spans {
            let child = services[&span.id];
            let parent = services.get(&span.parent).copied();
            if let Some(parent) = parent.filter(|parent| *parent != child)
                && (from..=to).contains(&span.start)
            {
                *calls.entry((parent, child)).or_default() += 1;
            }
        }
    }

    fn text(&self, id: Id) -> &str {
        self.strings.get(id)
    }
}
