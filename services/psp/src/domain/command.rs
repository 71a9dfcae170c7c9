//! What a merchant can ask for, and what comes of it. Pure: a payment in, a payment and what happened out.

use chassis::money::Money;
use chrono::{DateTime, Utc};

use super::{
    ChargeId, PaymentId, Provider, RefundId,
    ledger::{Movement, MovementKind},
    payment::{CaptureMethod, Metadata, Payment, Refund, Refusal, Status},
    token::{Decline, TestToken},
};

/// A payment to make.
#[derive(Clone, Debug)]
pub(crate) struct NewPayment {
    pub(crate) provider: Provider,
    pub(crate) amount: Money,
    pub(crate) capture_method: CaptureMethod,
    pub(crate) token: Option<&'static TestToken>,
    /// Charge at once.
    pub(crate) confirm: bool,
    pub(crate) order_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
}

/// Something done to a payment that exists.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Charge, with this token or the one that is there.
    Confirm(Option<&'static TestToken>),
    /// Take what the bank agreed to, in minor units; `None` is everything.
    Capture(Option<i64>),
    /// Give up.
    Cancel(Option<String>),
    /// Give money back.
    Refund(RefundRequest),
}

/// Money to give back.
#[derive(Clone, Debug)]
pub(crate) struct RefundRequest {
    pub(crate) amount: RefundAmount,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
}

/// How much to give back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RefundAmount {
    /// Everything that is left.
    Rest,
    /// Minor units of the charge's currency.
    Units(i64),
    /// An amount that must be in the charge's currency.
    Exactly(Money),
}

/// What a command did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Created,
    Authorised,
    Captured(ChargeId),
    Declined(Decline),
    Canceled,
    Refunded(Refund),
}

/// A command that was carried out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Done {
    pub(crate) payment: Payment,
    pub(crate) effect: Effect,
}

impl Done {
    /// The money that moved.
    pub(crate) fn movement(&self) -> Option<Movement> {
        let (id, kind, amount) = match &self.effect {
            Effect::Captured(charge) => (
                charge.0,
                MovementKind::Capture,
                self.payment.money(self.payment.captured),
            ),
            Effect::Refunded(refund) => (refund.id.0, MovementKind::Refund, refund.amount),
            _ => return None,
        };
        Some(Movement {
            id,
            kind,
            amount,
            payment_id: self.payment.id,
            order_id: self.payment.order_id.clone(),
            at: self.payment.updated_at,
        })
    }

    /// Whether the one who asked must never hear of it; see [`TestToken::withholds_answer`].
    pub(crate) fn withholds_answer(&self) -> bool {
        matches!(self.effect, Effect::Captured(_) | Effect::Declined(_))
            && self
                .payment
                .token
                .is_some_and(|token| token.withholds_answer)
    }
}

impl NewPayment {
    /// Makes the payment, and charges it if it is to be confirmed.
    pub(crate) fn create(self, now: DateTime<Utc>) -> Result<Done, Refusal> {
        let payment = Payment {
            id: PaymentId::new(),
            provider: self.provider,
            status: match self.token {
                Some(_) => Status::RequiresConfirmation,
                None => Status::RequiresPaymentMethod,
            },
            amount: self.amount,
            capture_method: self.capture_method,
            token: self.token,
            decline: None,
            charge_id: None,
            captured: 0,
            refunded: 0,
            order_id: self.order_id,
            description: self.description,
            metadata: self.metadata,
            cancellation_reason: None,
            canceled_at: None,
            created_at: now,
            updated_at: now,
        };
        if self.confirm {
            return Change::Confirm(None).apply(payment, now);
        }
        Ok(Done {
            payment,
            effect: Effect::Created,
        })
    }
}

impl Change {
    /// Whether the bank is asked, which takes time.
    pub(crate) fn asks_the_bank(&self) -> bool {
        !matches!(self, Self::Cancel(_))
    }

    /// Carries the change out.
    pub(crate) fn apply(self, mut payment: Payment, now: DateTime<Utc>) -> Result<Done, Refusal> {
        payment.updated_at = now;
        match self {
            Self::Confirm(token) => confirm(payment, token),
            Self::Capture(units) => capture(payment, units),
            Self::Cancel(reason) => cancel(payment, reason),
            Self::Refund(request) => refund(payment, request),
        }
    }
}

fn confirm(mut payment: Payment, token: Option<&'static TestToken>) -> Result<Done, Refusal> {
    if !matches!(
        payment.status,
        Status::RequiresPaymentMethod | Status::RequiresConfirmation
    ) {
        return Err(Refusal::WrongState(Box::new(payment)));
    }
    // A token that was declined is not tried again unless it is named again.
    let kept = payment
        .token
        .filter(|_| payment.status == Status::RequiresConfirmation);
    let token = token.or(kept).ok_or(Refusal::TokenMissing)?;
    payment.token = Some(token);
    payment.decline = token.decline;
    if let Some(decline) = token.decline {
        payment.status = Status::RequiresPaymentMethod;
        return Ok(Done {
            payment,
            effect: Effect::Declined(decline),
        });
    }
    match payment.capture_method {
        CaptureMethod::Automatic => {
            let all = payment.amount.amount;
            Ok(take(payment, all))
        }
        CaptureMethod::Manual => {
            payment.status = Status::RequiresCapture;
            Ok(Done {
                payment,
                effect: Effect::Authorised,
            })
        }
    }
}

fn capture(payment: Payment, units: Option<i64>) -> Result<Done, Refusal> {
    if payment.status != Status::RequiresCapture {
        return Err(Refusal::WrongState(Box::new(payment)));
    }
    let capturable = payment.capturable();
    let units = units.unwrap_or(capturable);
    if !(1..=capturable).contains(&units) {
        return Err(Refusal::ExceedsCapturable(capturable));
    }
    Ok(take(payment, units))
}

fn take(mut payment: Payment, units: i64) -> Done {
    let charge = ChargeId::new();
    payment.status = Status::Succeeded;
    payment.charge_id = Some(charge);
    payment.captured = units;
    Done {
        payment,
        effect: Effect::Captured(charge),
    }
}

fn cancel(mut payment: Payment, reason: Option<String>) -> Result<Done, Refusal> {
    if matches!(payment.status, Status::Succeeded | Status::Canceled) {
        return Err(Refusal::WrongState(Box::new(payment)));
    }
    payment.status = Status::Canceled;
    payment.cancellation_reason = reason;
    payment.canceled_at = Some(payment.updated_at);
    Ok(Done {
        payment,
        effect: Effect::Canceled,
    })
}

fn refund(mut payment: Payment, request: RefundRequest) -> Result<Done, Refusal> {
    let charge_id = payment.charge_id.ok_or(Refusal::NothingCaptured)?;
    let left = payment.refundable();
    if left == 0 {
        return Err(Refusal::AlreadyRefunded);
    }
    let units = match request.amount {
        RefundAmount::Rest => left,
        RefundAmount::Units(units) => units,
        RefundAmount::Exactly(money) if money.currency == payment.amount.currency => money.amount,
        RefundAmount::Exactly(_) => return Err(Refusal::CurrencyMismatch),
    };
    if !(1..=left).contains(&units) {
        return Err(Refusal::ExceedsRefundable(left));
    }
    payment.refunded += units;
    let refund = Refund {
        id: RefundId::new(),
        payment_id: payment.id,
        charge_id,
        amount: payment.money(units),
        reason: request.reason,
        metadata: request.metadata,
        created_at: payment.updated_at,
    };
    Ok(Done {
        payment,
        effect: Effect::Refunded(refund),
    })
}

#[cfg(test)]
mod tests;
