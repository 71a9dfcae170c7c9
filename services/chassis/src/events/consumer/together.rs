//! Events that have gathered, applied in one go: one commit for all of them instead of one for each.
//!
//! A service that was away, or a thousand new products, leave many events at once, and what an event costs is mostly its
//! commit. Whatever goes wrong with one of them undoes all, and they are settled one at a time: retries and dead letters
//! are of single events.

use std::time::Instant;

use futures_util::FutureExt as _;
use rdkafka::{
    consumer::StreamConsumer,
    message::{BorrowedMessage, Message as _},
};
use tracing::{Instrument as _, Span, debug};

use super::{Apply, ApplyError, Consumer, Event, Lag, Outcome, request_context};
use crate::{
    events::{envelope, span},
    telemetry::span::failed,
};

/// An event on its way to its effect.
pub struct Delivery {
    /// The event.
    pub event: Event,
    span: Span,
}

impl Delivery {
    /// Does the work on this event in the event's own span, under the ids of the request that caused it.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> T {
        let context = request_context(&self.event);
        context.scope(work).instrument(self.span.clone()).await
    }
}

/// A message and those that have arrived behind it, `max` in all.
pub(super) fn with_those_behind<'a>(
    client: &'a StreamConsumer<Lag>,
    first: BorrowedMessage<'a>,
    max: usize,
) -> Vec<BorrowedMessage<'a>> {
    let mut messages = vec![first];
    while messages.len() < max {
        // An error ends the gathering. One that lasts is met again by whoever waits for the next message.
        let Some(Ok(next)) = client.recv().now_or_never() else {
            break;
        };
        messages.push(next);
    }
    messages
}

impl<A: Apply> Consumer<A> {
    /// False if they have to be settled one at a time: one is unreadable, or they could not all be applied.
    pub(super) async fn settle_together(
        &self,
        client: &StreamConsumer<Lag>,
        messages: &[BorrowedMessage<'_>],
    ) -> bool {
        let started = Instant::now();
        let Some(deliveries) = self.deliveries(messages) else {
            return false;
        };
        let applied = match self.attempt(self.apply.apply_together(&deliveries)).await {
            Ok(applied) => applied,
            Err(error) => {
                note_failure(&deliveries, &error);
                return false;
            }
        };
        let share = started.elapsed() / u32::try_from(messages.len()).unwrap_or(u32::MAX);
        for ((message, delivery), applied) in messages.iter().zip(&deliveries).zip(applied) {
            let outcome = Outcome::Applied(applied);
            self.measure_delivery(message.topic(), &delivery.event, &outcome);
            self.measure_duration(message.topic(), share);
            let concluding = self.conclude(client, message, outcome);
            delivery.within(concluding).await;
        }
        true
    }

    fn deliveries(&self, messages: &[BorrowedMessage<'_>]) -> Option<Vec<Delivery>> {
        let decoded: Result<Vec<Event>, _> = messages.iter().map(envelope::decode).collect();
        let spanned = messages.iter().zip(decoded.ok()?).map(|(message, event)| {
            let span = span::process(message, &event, &self.config.group);
            Delivery { event, span }
        });
        Some(spanned.collect())
    }
}

fn note_failure(deliveries: &[Delivery], error: &ApplyError) {
    debug!(%error, events = deliveries.len(), "not applied together; one at a time");
    for delivery in deliveries {
        failed(&delivery.span, format!("not applied together: {error}"));
    }
}
