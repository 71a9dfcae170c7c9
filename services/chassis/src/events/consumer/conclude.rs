//! How a message ends: its offset is stored, after it was written to the dead letters if nobody could apply it.

use rdkafka::{
    consumer::{Consumer as _, StreamConsumer},
    message::{BorrowedMessage, Message as _},
};
use tracing::{Span, debug, warn};

use super::{Apply, Consumer, DEAD_LETTERED, Lag, Outcome, UNAVAILABLE_BACKOFF_MAX};
use crate::{
    crash,
    events::{backoff, span},
};

impl<A: Apply> Consumer<A> {
    /// Counts the message and stores its offset, unless it has to come again.
    pub(super) async fn conclude(
        &self,
        client: &StreamConsumer<Lag>,
        message: &BorrowedMessage<'_>,
        outcome: Outcome,
    ) {
        let label = match outcome {
            Outcome::Applied(applied) => applied.label(),
            Outcome::Dead(reason) if self.bury(message, &reason).await => {
                span::buried(&Span::current(), &reason);
                DEAD_LETTERED
            }
            Outcome::Dead(_) | Outcome::Stopped => return,
        };
        self.metrics
            .consumer_messages
            .with_label_values(&[self.config.group.as_str(), message.topic(), label])
            .inc();
        debug!(
            messaging.destination.name = message.topic(),
            outcome = label,
            "event settled"
        );
        crash::point(&self.before_offset);
        if let Err(error) = client.store_offset_from_message(message) {
            // The partition was taken from us meanwhile. Its new owner gets the event too and finds it applied.
            debug!(%error, "offset not stored");
        }
    }

    /// Writes the dead letter; retries for ever, for the message would be lost otherwise. False if the service stops.
    async fn bury(&self, message: &BorrowedMessage<'_>, reason: &str) -> bool {
        let mut attempt = 0;
        while let Err(error) = self.dead_letters.write(message, reason).await {
            if attempt == 0 {
                warn!(%error, "dead letter not written yet");
            }
            self.pause(backoff(attempt, UNAVAILABLE_BACKOFF_MAX)).await;
            attempt += 1;
            if self.stopping.is_cancelled() {
                return false;
            }
        }
        let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
        warn!(
            topic,
            partition, offset, reason, "message moved to the dead letters"
        );
        true
    }
}
