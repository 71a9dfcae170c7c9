//! Runs a saga from where it stands: call, record, next, until it ends, has to wait, or somebody else took it over.

mod waiting;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chassis::{db::Db, events::Outbox, idempotency, protection::Protection};
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Move, Phase, State, Step, next_move, span};
use crate::{
    config::Config,
    domain::{CancelReason, Order, Status},
    error::Error,
    http::view::OrderView,
    metrics::OrderMetrics,
    neighbours::{Answer, Neighbours},
    store::{
        orders::{self, OrderRow},
        sagas::{self, Advance, SagaRow},
        stream,
    },
};

/// Everything a saga needs.
#[derive(Clone)]
pub(crate) struct SagaRunner {
    pub(crate) pool: Db,
    pub(crate) neighbours: Neighbours,
    pub(crate) outbox: Outbox,
    pub(crate) config: Arc<Config>,
    pub(crate) metrics: OrderMetrics,
    pub(crate) compensation: Protection,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The saga is terminal; this is the order now.
    Finished(Box<OrderRow>),
    /// Given back, to be continued later.
    Waiting,
    /// Somebody else holds the saga now.
    LeaseLost,
}

/// What a step's transaction did.
enum Recorded {
    Continue,
    Ended(End),
}

impl SagaRunner {
    /// Runs a saga that the caller holds. Database trouble is no end: the lease runs out and the worker comes by.
    pub(crate) async fn run(&self, order: Order, saga: SagaRow) -> Result<End, Error> {
        let span = span::run(&order, &saga);
        self.steps(order, saga).instrument(span).await
    }

    async fn steps(&self, mut order: Order, mut saga: SagaRow) -> Result<End, Error> {
        loop {
            let step = Step::parse(&saga.step);
            let started = Instant::now();
            let answer = self.call(step, &order, &saga).await;
            step.crash_point(Phase::AfterCall);
            self.metrics.step(step, &answer, started.elapsed());
            let next = next_move(step, &answer);
            let payment_id = match answer {
                Answer::Done(payment_id) => payment_id,
                _ => None,
            };
            let recorded = self.record(&mut order, &mut saga, next, payment_id).await?;
            step.crash_point(Phase::AfterRecord);
            if let Recorded::Ended(end) = recorded {
                return Ok(end);
            }
        }
    }

    /// The one place where steps meet neighbours. Charging gives the id of the payment.
    async fn call(&self, step: Step, order: &Order, saga: &SagaRow) -> Answer<Option<Uuid>> {
        step.crash_point(Phase::BeforeCall);
        if step.undoes() && !self.compensation.is_on() {
            return Answer::Done(None);
        }
        let Neighbours {
            inventory, payment, ..
        } = &self.neighbours;
        let span = span::step(step);
        let calling = async {
            match step {
                Step::Reserve => nothing(inventory.reserve(order.id, &order.items).await),
                Step::Charge => {
                    let method = saga.payment_method.as_ref().unwrap_or(&Value::Null);
                    match payment
                        .process(order.id, order.user_id, order.total, method)
                        .await
                    {
                        Answer::Done(payment) => Answer::Done(Some(payment)),
                        Answer::Refused(refusal) => Answer::Refused(refusal),
                        Answer::Unknown(why) => Answer::Unknown(why),
                    }
                }
                Step::Commit => nothing(inventory.commit(order.id).await),
                Step::Void => nothing(payment.void(order.id).await),
                Step::Release => nothing(inventory.release(order.id).await),
            }
        };
        let answer = calling.instrument(span.clone()).await;
        span::answered(&span, &answer);
        answer
    }

    async fn record(
        &self,
        order: &mut Order,
        saga: &mut SagaRow,
        next: Move,
        payment_id: Option<Uuid>,
    ) -> Result<Recorded, Error> {
        match next {
            Move::Next {
                state,
                step,
                reason,
                detail,
            } => {
                let to = Advance {
                    state,
                    step,
                    payment_id,
                    reason,
                    detail,
                };
                self.advance(saga, to).await
            }
            Move::Paid => self.finish_paid(order, saga).await.map(Recorded::Ended),
            Move::Cancelled { reason, detail } => self
                .finish_cancelled(order, saga, reason, detail)
                .await
                .map(Recorded::Ended),
            Move::Again(why) => self.wait_or_turn(saga, &why).await,
        }
    }

    async fn advance(&self, saga: &mut SagaRow, to: Advance) -> Result<Recorded, Error> {
        let mut conn = self.pool.acquire().await?;
        if !sagas::advance(&mut conn, saga, &to, self.config.lease).await? {
            return Ok(Recorded::Ended(End::LeaseLost));
        }
        saga.state = to.state.as_str().to_owned();
        saga.step = to.step.as_str().to_owned();
        saga.payment_id = to.payment_id.or(saga.payment_id);
        saga.reason = to
            .reason
            .map(|reason| reason.as_str().to_owned())
            .or(saga.reason.take());
        saga.detail = to.detail.or(saga.detail.take());
        saga.attempts = 0;
        Ok(Recorded::Continue)
    }

    async fn finish_paid(&self, order: &mut Order, saga: &SagaRow) -> Result<End, Error> {
        let payment = saga
            .payment_id
            .expect("charging recorded the payment before committing");
        let mut tx = self.pool.begin().await?;
        if !self.hold(&mut tx, order, saga, State::Completed).await? {
            return Ok(End::LeaseLost);
        }
        let event = order.pay(payment)?;
        let row = stream::record(&mut tx, order, event).await?;
        self.answer(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(self.ended(row, saga))
    }

    async fn finish_cancelled(
        &self,
        order: &mut Order,
        saga: &SagaRow,
        reason: Option<CancelReason>,
        detail: Option<String>,
    ) -> Result<End, Error> {
        let noted = saga
            .reason
            .as_deref()
            .and_then(|reason| reason.parse().ok());
        let reason = reason
            .or(noted)
            .expect("a saga that turned round noted why");
        let detail = detail.or_else(|| saga.detail.clone()).unwrap_or_default();
        let mut tx = self.pool.begin().await?;
        if !self.hold(&mut tx, order, saga, State::Compensated).await? {
            return Ok(End::LeaseLost);
        }
        let event = order.cancel(reason, detail)?;
        let row = stream::record(&mut tx, order, event).await?;
        self.answer(&mut tx, &row).await?;
        tx.commit().await?;
        Ok(self.ended(row, saga))
    }

    /// Locks the order and ends the saga, if the lease is still ours. The order is read anew: an event (a refund) may
    /// have come in since the saga began.
    async fn hold(
        &self,
        tx: &mut PgConnection,
        order: &mut Order,
        saga: &SagaRow,
        state: State,
    ) -> Result<bool, Error> {
        let step = Step::parse(&saga.step);
        let to = Advance {
            state,
            step,
            payment_id: None,
            reason: None,
            detail: None,
        };
        if !sagas::advance(tx, saga, &to, Duration::ZERO).await? {
            return Ok(false);
        }
        *order = orders::lock(tx, order.id).await?.ok_or(Error::NotFound)?;
        Ok(true)
    }

    /// Gives the request that made the order its answer, in case it comes again.
    async fn answer(&self, tx: &mut PgConnection, row: &OrderRow) -> Result<(), Error> {
        let body = serde_json::to_value(OrderView::from(row)).expect("a view is plain JSON");
        idempotency::complete_for_resource(tx, row.id, 201, &body).await?;
        Ok(())
    }

    fn ended(&self, row: OrderRow, saga: &SagaRow) -> End {
        self.outbox.wake();
        let took = (Utc::now() - saga.created_at).to_std().unwrap_or_default();
        self.metrics.finished(&row, took);
        End::Finished(Box::new(row))
    }

    /// Begins a cancellation that a person asked for. Returns what [`SagaRunner::run`] takes.
    pub(crate) async fn begin_cancellation(
        &self,
        order_id: crate::domain::OrderId,
        detail: &str,
    ) -> Result<(Order, SagaRow), Error> {
        let reason = CancelReason::CustomerRequest;
        let mut tx = self.pool.begin().await?;
        let mut order = orders::lock(&mut tx, order_id)
            .await?
            .ok_or(Error::NotFound)?;
        let event = order.request_cancellation(reason, detail.to_owned())?;
        // A pending order may be anywhere in its saga, also in the middle of charging: undo everything.
        let saga = sagas::turn_round(
            &mut tx,
            order_id,
            Step::Void,
            (reason, detail),
            self.config.lease,
        )
        .await?
        .ok_or(crate::domain::OrderError::Cancelling)?;
        debug_assert!(matches!(order.status, Status::Pending | Status::Paid));
        stream::record(&mut tx, &mut order, event).await?;
        tx.commit().await?;
        self.outbox.wake();
        Ok((order, saga))
    }
}

fn nothing(answer: Answer<()>) -> Answer<Option<Uuid>> {
    match answer {
        Answer::Done(()) => Answer::Done(None),
        Answer::Refused(refusal) => Answer::Refused(refusal),
        Answer::Unknown(why) => Answer::Unknown(why),
    }
}
