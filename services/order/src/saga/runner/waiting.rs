//! What a saga does when a step came to nothing that is known: wait, turn round, or ask for a person.

use std::time::Duration;

use chrono::Utc;
use resilience::Backoff;
use sqlx::PgConnection;
use tracing::{error, warn};

use super::{End, Recorded, SagaRunner};
use crate::{
    domain::CancelReason,
    error::Error,
    saga::{State, Step},
    store::sagas::{self, SagaRow},
};

impl SagaRunner {
    /// Nothing is known. Forward, try for a while and then turn round; backward, try until a person has to look.
    pub(super) async fn wait_or_turn(&self, saga: &SagaRow, why: &str) -> Result<Recorded, Error> {
        let mut conn = self.pool.acquire().await?;
        let age = (Utc::now() - saga.created_at).to_std().unwrap_or_default();
        if saga.state == State::Running.as_str() && age > self.config.forward_max {
            warn!(order.id = %saga.order_id, error = why, "saga takes too long; compensating");
            return self.turn_round(&mut conn, saga, why).await;
        }
        let exhausted = saga.attempts + 1 >= self.config.compensation_attempts_max;
        let state = match saga.state.as_str() {
            "compensating" if exhausted => State::Stuck,
            "compensating" => State::Compensating,
            _ => State::Running,
        };
        if state == State::Stuck {
            error!(order.id = %saga.order_id, error = why, "saga is stuck; resume it when mended");
        } else {
            warn!(order.id = %saga.order_id, saga.step = saga.step, error = why, "saga waits");
        }
        sagas::give_back(&mut conn, saga, state, why, self.backoff(saga.attempts)).await?;
        Ok(Recorded::Ended(End::Waiting))
    }

    async fn turn_round(
        &self,
        conn: &mut PgConnection,
        saga: &SagaRow,
        why: &str,
    ) -> Result<Recorded, Error> {
        let step = Step::parse(&saga.step).compensation();
        let why = (CancelReason::TimedOut, why);
        // No lease: the worker takes it from here, so that a request never waits for a compensation it did not ask for.
        sagas::turn_round(conn, saga.order_id, step, why, Duration::ZERO).await?;
        Ok(Recorded::Ended(End::Waiting))
    }

    fn backoff(&self, attempts: i32) -> Duration {
        let backoff = Backoff {
            base: self.config.backoff,
            cap: self.config.backoff_max,
            max_attempts: u32::MAX,
        };
        let attempt = u32::try_from(attempts).unwrap_or(0).saturating_add(1);
        backoff.delay(attempt, &mut rand::rng())
    }
}
