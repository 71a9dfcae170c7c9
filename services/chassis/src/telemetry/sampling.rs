//! Which traces are kept: as the caller decided, or, where a trace begins, by a strategy that can be changed live.
//!
//! Strategies come from a file in the format of Jaeger's remote sampling
//! (<https://www.jaegertracing.io/docs/2.0/architecture/sampling/>), so that one file rules services that read it here
//! and those that ask a Jaeger for it. What is not sampled still has ids and still passes them on.

mod file;
mod strategies;

use std::sync::{Arc, RwLock};

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt as _, TraceId},
};
use opentelemetry_sdk::trace::{Sampler, SamplingResult, ShouldSample};

pub(super) use self::file::watch;
use self::strategies::Strategy;

/// The sampler of a service. Clones share the strategy.
#[derive(Clone, Debug, Default)]
pub struct LiveSampler {
    strategy: Arc<RwLock<Strategy>>,
}

impl LiveSampler {
    /// Asked for every span: the parent's decision stands; a root is decided by the strategy of the moment.
    pub(super) fn parent_based(&self) -> Sampler {
        Sampler::ParentBased(Box::new(self.clone()))
    }

    fn replace(&self, strategy: Strategy) {
        *self.strategy.write().expect("no panic while held") = strategy;
    }
}

impl ShouldSample for LiveSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let strategy = self.strategy.read().expect("no panic while held");
        let state = parent.map(|parent| parent.span().span_context().trace_state().clone());
        SamplingResult {
            decision: strategy.decide(trace_id, name),
            attributes: Vec::new(),
            trace_state: state.unwrap_or_default(),
        }
    }
}
