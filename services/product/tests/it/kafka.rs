//! Our outbox over a real broker into somebody else's inbox.

use chassis::{
    events::{Applied, Apply, ApplyError, Consumer, ConsumerConfig, Event},
    metrics::Metrics,
    service::Tasks,
    testing::{self, unique, wait_for},
};
use tokio::sync::mpsc;

use crate::support::{Catalogue, LIMIT, lamp};

/// Passes on whatever arrives.
struct Listen(mpsc::UnboundedSender<Event>);

impl Apply for Listen {
    async fn apply(&self, event: &Event) -> Result<Applied, ApplyError> {
        self.0.send(event.clone()).ok();
        Ok(Applied::Done)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_product_is_told_to_whoever_listens() {
    let brokers = testing::env("TEST_KAFKA_BROKERS");
    let catalogue = Catalogue::start_with(&brokers).await;
    let (tasks, metrics) = (Tasks::default(), Metrics::new("listener"));
    let (heard, mut events) = mpsc::unbounded_channel();
    let config = ConsumerConfig::new(&brokers, unique("listener"), &["product.events"]);
    Consumer::spawn(&tasks, &metrics, config, Listen(heard));

    let path = catalogue.product(lamp("LAMP-1")).await;
    let mut found = None;
    wait_for(LIMIT, async || {
        while let Ok(event) = events.try_recv() {
            if event.subject.to_string() == path[1..] {
                found = Some(event);
            }
        }
        found.is_some()
    })
    .await;
    let event = found.unwrap();
    let told = (
        event.event_type.as_str(),
        event.sequence,
        event.source.as_str(),
    );
    assert_eq!(told, ("ProductCreated", 1, "/services/product"));
    assert_eq!(event.data["sku"], "LAMP-1");
    assert!(tasks.stop(LIMIT).await);
    assert!(
        catalogue.running.stop().await,
        "with Kafka there, everything drains in time"
    );
}
