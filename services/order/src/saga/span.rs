//! The saga as a trace shows it: one span for a run, one for each step, and what came of it.

use chassis::telemetry::{
    USER_ID, propagation::TraceContext, request::RequestContext, span::failed,
};
use tracing::{Span, field::Empty, info_span};

use super::Step;
use crate::{
    domain::{Order, OrderId},
    neighbours::Answer,
    store::sagas::SagaRow,
};

/// Name of the order's id in baggage, on spans and in log lines.
pub(crate) const ORDER_ID: &str = "order.id";
const STATE: &str = "saga.state";
const STEP: &str = "saga.step";
const OUTCOME: &str = "saga.outcome";
const ATTEMPT: &str = "saga.attempt";

/// A run of the saga, in the request or by the recovery worker. From here on everything is about this order.
pub(super) fn run(order: &Order, saga: &SagaRow) -> Span {
    RequestContext::note(ORDER_ID, order.id);
    RequestContext::note(USER_ID, order.user_id);
    info_span!(
        "saga",
        otel.name = "order saga",
        { ORDER_ID } = %order.id,
        { USER_ID } = %order.user_id,
        { STATE } = saga.state,
        { ATTEMPT } = saga.attempts + 1,
    )
}

/// A step of it.
pub(super) fn step(step: Step) -> Span {
    info_span!(
        "saga.step",
        otel.name = format!("saga {}", step.as_str()),
        { STEP } = step.as_str(),
        { OUTCOME } = Empty,
    )
}

/// Notes what came of a step. A refusal is an answer; only what nobody knows is an error.
pub(super) fn answered<T>(span: &Span, answer: &Answer<T>) {
    match answer {
        Answer::Done(_) => span.record(OUTCOME, "done"),
        Answer::Refused(refusal) => span.record(OUTCOME, refusal.code.as_str()),
        Answer::Unknown(why) => {
            failed(span, why.as_str());
            span.record(OUTCOME, "unknown")
        }
    };
}

/// A trace of its own for a saga that the request did not finish: minutes may lie in between. It is linked to the order's.
pub(crate) fn recovery(order_id: OrderId, saga: &SagaRow) -> Span {
    let span = info_span!(parent: None, "saga.recovery", otel.name = "saga recovery", { ORDER_ID } = %order_id);
    let origin = TraceContext {
        traceparent: saga.traceparent.clone(),
        ..TraceContext::default()
    };
    origin.link(&span);
    span
}
