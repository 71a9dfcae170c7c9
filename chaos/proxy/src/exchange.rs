//! One request under HTTP faults: who it is, and what is to happen to it and its answer. Decided before it is sent on, and
//! only from what it says of itself, so that the same seed breaks the same requests in whatever order they come.

mod attempts;
mod envoy;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

pub use attempts::Attempts;

use crate::decision::{self, Question};
use crate::fault::{Fault, FaultSet};
use crate::toxic::Toxic;
use crate::toxic::http::{Act, HttpFault};

/// Where a request says who it is, the first that it has: the same operation again carries the same key.
const IDENTITIES: [&str; 2] = ["idempotency-key", "x-request-id"];

/// A request, as far as a decision depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path, without the query.
    pub path: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The number of its connection on the edge.
    pub connection: u64,
    /// Its number on its connection.
    pub number: u64,
}

/// Where a decision is made.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The proxy's seed.
    pub seed: u64,
    /// The name of the edge.
    pub edge: &'a str,
}

/// What is to happen, and whose doing it is. Each fault counts when it acts, not when it is planned: an abort leaves nothing
/// for those that come after it.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The request waits, one after the other.
    pub delays: Vec<(Arc<Fault>, Duration)>,
    /// The request is answered with this status and goes no further.
    pub abort: Option<(Arc<Fault>, StatusCode)>,
    /// It is sent twice.
    pub duplicate: Option<Arc<Fault>>,
    /// The answer waits, one after the other.
    pub reply_delays: Vec<(Arc<Fault>, Duration)>,
    /// The answer is lost.
    pub reply_lost: Option<Arc<Fault>>,
}

impl Asked<'_> {
    /// Who it is: its idempotency key, else its request id, else its place on its connection. The last is never seen twice.
    fn key(&self) -> (String, bool) {
        let said = |name: &&str| self.headers.get(*name)?.to_str().ok();
        match IDENTITIES.iter().find_map(said) {
            Some(said) => (said.to_owned(), true),
            None => (format!("{}/{}", self.connection, self.number), false),
        }
    }
}

impl Plan {
    /// What the faults that are set do to this request. Asking counts: a retry is another decision.
    #[must_use]
    pub fn of(set: &FaultSet, place: Place<'_>, asked: Asked<'_>) -> Self {
        let (key, may_come_again) = asked.key();
        let mut plan = Self::default();
        for fault in &set.faults {
            let Toxic::Http(HttpFault { act, only }) = &fault.toxic else {
                continue;
            };
            if !only.matches(asked.method, asked.path) {
                continue;
            }
            let attempt = if may_come_again {
                fault.attempts.next(&key)
            } else {
                0
            };
            let die = Die {
                place,
                key: &key,
                attempt,
            };
            plan.add(fault, *act, asked.headers, die);
        }
        plan
    }

    fn add(&mut self, fault: &Arc<Fault>, act: Act, headers: &HeaderMap, die: Die<'_>) {
        if let Act::Headers { delay_max } = act {
            let wish = envoy::read(headers);
            if let Some((delay, share)) = wish.delay
                && die.hits(&format!("{}/delay", fault.name), share.min(fault.toxicity))
            {
                self.delays.push((Arc::clone(fault), delay.min(delay_max)));
            }
            if let Some((status, share)) = wish.abort
                && die.hits(&format!("{}/abort", fault.name), share.min(fault.toxicity))
            {
                self.abort.get_or_insert((Arc::clone(fault), status));
            }
            return;
        }
        if !die.hits(&fault.name, fault.toxicity) {
            return;
        }
        let fault = Arc::clone(fault);
        match act {
            Act::Abort(status) => {
                self.abort.get_or_insert((fault, status));
            }
            Act::Delay(delay) => self.delays.push((fault, delay)),
            Act::Duplicate => {
                self.duplicate.get_or_insert(fault);
            }
            Act::ReplyDelay(delay) => self.reply_delays.push((fault, delay)),
            Act::ReplyLost => {
                self.reply_lost.get_or_insert(fault);
            }
            Act::Headers { .. } => {}
        }
    }
}

/// What a request throws.
#[derive(Clone, Copy)]
struct Die<'a> {
    place: Place<'a>,
    key: &'a str,
    attempt: u64,
}

impl Die<'_> {
    fn hits(self, fault: &str, share: f64) -> bool {
        let question = Question {
            fault,
            edge: self.place.edge,
            key: self.key,
            attempt: self.attempt,
        };
        decision::hits(self.place.seed, question, share)
    }
}

#[cfg(test)]
mod tests;
