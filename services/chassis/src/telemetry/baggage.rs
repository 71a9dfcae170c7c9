//! Baggage: who and what a request is about (`user.id`, `order.id`), carried along its whole way in W3C's `baggage` header.
//!
//! Every service on the way puts the entries on its spans and log lines, so that an order is found wherever it passed.
//! Never a place for secrets or for anything that a decision rests on. Only harmless entries are taken over, and few.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex},
};

use opentelemetry::{Context, KeyValue, baggage::BaggageExt as _, propagation::TextMapPropagator};
use opentelemetry_sdk::propagation::BaggagePropagator;

use super::propagation::TraceContext;

/// Entries beyond these are dropped: each travels with every call and stands on every span.
const ENTRIES_MAX: usize = 8;
/// Longest name or value; an id has 36 characters.
const CHARACTERS_MAX: usize = 64;

/// Names and values of one request. Clones share them: what a handler notes is seen by the layers around it.
#[derive(Clone, Debug, Default)]
pub struct Baggage(Arc<Mutex<BTreeMap<String, String>>>);

impl Baggage {
    /// Reads a `baggage` header. What is not harmless is left out.
    pub fn parse(header: &str) -> Self {
        let carrier = TraceContext {
            baggage: Some(header.to_owned()),
            ..TraceContext::default()
        };
        let context = BaggagePropagator::new().extract_with_context(&Context::new(), &carrier);
        let baggage = Self::default();
        for (key, (value, _)) in context.baggage() {
            baggage.note(key.as_str(), value.as_str());
        }
        baggage
    }

    /// Adds an entry or replaces it. One that is too long, or could break a header or a log line, is dropped.
    pub fn note(&self, key: &str, value: impl Display) {
        let value = value.to_string();
        // A name without a dot could pass for a field that every log line has.
        if !(key.contains('.') && is_harmless(key) && is_harmless(&value)) {
            return;
        }
        let mut entries = self.0.lock().expect("no panic while held");
        if entries.len() < ENTRIES_MAX || entries.contains_key(key) {
            entries.insert(key.to_owned(), value);
        }
    }

    /// All entries, by name.
    pub fn entries(&self) -> Vec<(String, String)> {
        let entries = self.0.lock().expect("no panic while held");
        entries
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }

    /// The header, unless there is nothing to say.
    pub fn header(&self) -> Option<String> {
        let entries = self.entries();
        if entries.is_empty() {
            return None;
        }
        let pairs = entries.into_iter().map(|(k, v)| KeyValue::new(k, v));
        let mut carrier = TraceContext::default();
        BaggagePropagator::new().inject_context(&Context::new().with_baggage(pairs), &mut carrier);
        carrier.baggage
    }
}

fn is_harmless(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=CHARACTERS_MAX).contains(&text.len()) && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_back_from_the_header() {
        let baggage = Baggage::default();
        assert_eq!(baggage.header(), None);
        baggage.note("order.id", "0199");
        baggage.note("user.id", 7);
        baggage.note("order.id", "0200");
        let read = Baggage::parse(&baggage.header().unwrap());
        assert_eq!(read.entries(), baggage.entries());
        assert_eq!(
            read.entries()[0],
            ("order.id".to_owned(), "0200".to_owned())
        );
    }

    #[test]
    fn what_could_do_harm_is_left_out() {
        let header = "order.id=1;ttl=3,level=ERROR,user.id=a%0Ab,x.y=%22,long.one=".to_owned()
            + &"x".repeat(65);
        let entries = Baggage::parse(&header).entries();
        assert_eq!(entries, [("order.id".to_owned(), "1".to_owned())]);
        assert!(Baggage::parse("nonsense").entries().is_empty());
    }

    #[test]
    fn a_flood_of_entries_is_cut_off() {
        let header: Vec<String> = (0..50).map(|n| format!("key.{n}=v")).collect();
        assert_eq!(
            Baggage::parse(&header.join(",")).entries().len(),
            ENTRIES_MAX
        );
    }
}
