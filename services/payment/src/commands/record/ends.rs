//! The ends that a charge can come to, and what is written when it has not come to one. Each in the caller's transaction,
//! with the payment's row locked.

use std::time::Duration;

use chassis::events::outbox;
use serde_json::json;
use sqlx::PgConnection;
use tracing::warn;

use super::{ChargeNews, Next, answer_key};
use crate::{
    commands::{Actor, Commands, audited},
    domain::{Attempt, AttemptState, Payment},
    error::Error,
    events::{self, Happened},
    provider::Capture,
    store::{attempts, payments},
    views::PaymentBody,
};

/// Why a payment that was voided in time has failed, for those who listen.
const VOIDED: &str = "voided";

impl Commands {
    pub(super) async fn end_as_captured(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        capture: &Capture,
        news: &ChargeNews<'_>,
    ) -> Result<Payment, Error> {
        attempt.state = AttemptState::Captured;
        attempt.provider_payment_id = Some(capture.payment_id.clone());
        attempt.provider_capture_id.clone_from(&capture.capture_id);
        attempts::save(conn, &attempt, None, None).await?;
        payment.position = payment.position.capture()?;
        let event = events::next(&mut payment, &Happened::Completed);
        outbox::append(conn, &event).await?;
        let payment = payments::save(conn, &payment, news.watch_after).await?;
        let detail = json!({
            "amount": capture.amount, "provider": attempt.provider, "provider_payment": capture.payment_id,
        });
        audited(conn, payment.id, news.actor, "payment.captured", detail).await?;
        answer_key(conn, payment.id.0, &PaymentBody::from(&payment)).await?;
        Ok(payment)
    }

    pub(super) async fn end_as_declined(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        code: &str,
        actor: &Actor,
    ) -> Result<Payment, Error> {
        attempt.state = AttemptState::Declined;
        attempts::save(conn, &attempt, Some(code), None).await?;
        payment.position = payment.position.decline()?;
        payment.decline_code = Some(code.to_owned());
        let event = events::next(&mut payment, &Happened::Failed { code });
        outbox::append(conn, &event).await?;
        let payment = payments::save(conn, &payment, Duration::ZERO).await?;
        let detail = json!({ "code": code, "provider": attempt.provider });
        audited(conn, payment.id, actor, "payment.declined", detail).await?;
        answer_key(conn, payment.id.0, &PaymentBody::from(&payment)).await?;
        Ok(payment)
    }

    /// Nothing was processed and nothing will be: the attempt is closed before anybody can begin another call.
    pub(in crate::commands) async fn end_as_voided(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        actor: &Actor,
    ) -> Result<Payment, Error> {
        attempt.state = AttemptState::NotProcessed;
        attempts::save(conn, &attempt, None, Some(VOIDED)).await?;
        payment.position = payment.position.void()?;
        let event = events::next(&mut payment, &Happened::Failed { code: VOIDED });
        outbox::append(conn, &event).await?;
        let payment = payments::save(conn, &payment, Duration::ZERO).await?;
        audited(conn, payment.id, actor, "payment.voided", json!({})).await?;
        Ok(payment)
    }

    pub(super) async fn fail_over(
        &self,
        conn: &mut PgConnection,
        mut payment: Payment,
        mut attempt: Attempt,
        why: &str,
        news: &ChargeNews<'_>,
    ) -> Result<(Payment, Next), Error> {
        let (from, to) = (attempt.provider, attempt.provider.other());
        warn!(payment_id = %payment.id, from = from.as_str(), to = to.as_str(), why, "failing over");
        attempt.state = AttemptState::NotProcessed;
        attempts::save(conn, &attempt, None, Some(why)).await?;
        let attempt = attempts::open(conn, payment.id, to).await?;
        payment.provider = Some(to);
        let payment = payments::save(conn, &payment, news.watch_after).await?;
        let detail = json!({ "from": from, "to": to, "why": why });
        audited(conn, payment.id, news.actor, "payment.failed_over", detail).await?;
        Ok((payment, Next::FailOver(Box::new(attempt))))
    }

    pub(super) async fn wait(
        &self,
        conn: &mut PgConnection,
        payment: Payment,
        attempt: Attempt,
        why: &str,
    ) -> Result<(Payment, Next), Error> {
        warn!(payment_id = %payment.id, provider = attempt.provider.as_str(), why, "not settled yet");
        attempts::save(conn, &attempt, None, Some(why)).await?;
        let payment = payments::save(conn, &payment, self.next_check(&payment)).await?;
        Ok((payment, Next::Wait))
    }
}
