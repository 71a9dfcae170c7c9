//! The invariants of events: all are published, all are applied, and the read model shows what they tell.

use crate::{
    books::Books,
    report::{Check, CounterExample},
};

pub(super) fn read_model_matches_events(books: &Books) -> Check {
    let wrong = books.orders.iter().filter_map(|order| {
        let same = order.stream_version == Some(order.version)
            && order.stream_status.as_deref() == Some(order.status.as_str());
        (!same).then(|| {
            let row = (&order.status, order.version);
            let stream = (&order.stream_status, order.stream_version);
            CounterExample::new(order.id, format!("row {row:?}, events {stream:?}"))
        })
    });
    let detail = format!("{} orders show what their events tell", books.orders.len());
    Check::new("read_model_matches_events", detail, wrong.collect())
}

pub(super) fn outbox_published(books: &Books) -> Check {
    let waiting = books.unpublished.iter().flat_map(|outbox| {
        outbox.events.iter().map(|id| {
            CounterExample::new(
                id,
                format!("written by {} and not published", outbox.service),
            )
        })
    });
    let detail = format!("{} events published, none left behind", books.published);
    Check::new("outbox_published", detail, waiting.collect()).settling()
}

pub(super) fn events_applied(books: &Books) -> Check {
    let missing = books.unapplied.iter().flat_map(|consumer| {
        consumer.events.iter().map(|(event, aggregate)| {
            let name = consumer.consumer;
            CounterExample::new(aggregate, format!("{name} has not applied event {event}"))
        })
    });
    let detail = format!(
        "every published event is applied by each of {} consumers, or lies in a dead-letter topic ({})",
        books.unapplied.len(),
        books.dead_letters
    );
    Check::new("events_applied", detail, missing.collect()).settling()
}
