//! What a payment has done with the money: the state machine. It does not know where or how.
//!
//! ```text
//! pending ──► captured ──► partially_refunded ──► refunded
//!    ├──────► declined                  (captured ──► refunded as well)
//!    └──────► voided
//! ```

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Status {
    /// Nobody knows yet whether the provider captured.
    Pending,
    /// The provider holds the money for us.
    Captured,
    /// The provider said no. Final.
    Declined,
    /// Nothing was captured and nothing ever will be. Final.
    Voided,
    /// Some of the captured money went back.
    PartiallyRefunded,
    /// All of it went back. Final.
    Refunded,
}

impl Status {
    /// As it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Captured => "captured",
            Self::Declined => "declined",
            Self::Voided => "voided",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }

    /// Whether no move leads out of it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Declined | Self::Voided | Self::Refunded)
    }
}

/// A move that the state machine does not have.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("cannot {action} a payment that is {}", status.as_str())]
pub struct IllegalMove {
    /// What was tried.
    pub action: &'static str,
    /// Where the payment stood.
    pub status: Status,
}

/// Why a refund cannot be made.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RefundRefused {
    /// Nothing was captured.
    #[error("nothing was captured")]
    NothingCaptured,
    /// More than is left; also for zero and negative amounts.
    #[error("{refundable} may still be refunded, not {asked}")]
    OutOfRange {
        /// What was asked for, in minor units.
        asked: i64,
        /// What is left.
        refundable: i64,
    },
}

/// Status and sums of a payment, in minor units. Always: 0 ≤ refunded ≤ `refund_held` ≤ captured ≤ amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Position {
    /// Where it stands.
    pub status: Status,
    /// What the order asked for; 0 for a tombstone.
    pub amount: i64,
    /// What the provider captured: nothing or all of it.
    pub captured: i64,
    /// Refunds decided, done or not.
    pub refund_held: i64,
    /// Refunds done.
    pub refunded: i64,
    /// Somebody wants nothing to stay captured, whatever comes.
    pub void_requested: bool,
}

impl Position {
    /// A payment that was just asked for.
    pub fn opened(amount: i64) -> Self {
        Self {
            status: Status::Pending,
            amount,
            captured: 0,
            refund_held: 0,
            refunded: 0,
            void_requested: false,
        }
    }

    /// The void of an order that nobody asked to pay: it keeps the place, so that a late request is refused.
    pub fn tombstone() -> Self {
        Self {
            status: Status::Voided,
            void_requested: true,
            ..Self::opened(0)
        }
    }

    /// The provider captured the whole amount.
    ///
    /// # Errors
    /// It is not pending.
    pub fn capture(self) -> Result<Self, IllegalMove> {
        self.leave_pending("capture", Status::Captured)
            .map(|position| Self {
                captured: self.amount,
                ..position
            })
    }

    /// The provider refused.
    ///
    /// # Errors
    /// It is not pending.
    pub fn decline(self) -> Result<Self, IllegalMove> {
        self.leave_pending("decline", Status::Declined)
    }

    /// No provider did or will do anything.
    ///
    /// # Errors
    /// It is not pending.
    pub fn void(self) -> Result<Self, IllegalMove> {
        self.leave_pending("void", Status::Voided)
    }

    /// From now on the aim is that nothing stays captured. Allowed always; there is no way back.
    #[must_use]
    pub fn request_void(self) -> Self {
        Self {
            void_requested: true,
            ..self
        }
    }

    /// Decides on a refund and sets its amount aside.
    ///
    /// # Errors
    /// Nothing was captured, or less than the amount is left.
    pub fn hold_refund(self, amount: i64) -> Result<Self, RefundRefused> {
        if self.captured == 0 {
            return Err(RefundRefused::NothingCaptured);
        }
        let refundable = self.refundable();
        if amount <= 0 || amount > refundable {
            return Err(RefundRefused::OutOfRange {
                asked: amount,
                refundable,
            });
        }
        Ok(Self {
            refund_held: self.refund_held + amount,
            ..self
        })
    }

    /// A refund that was held is done.
    ///
    /// # Errors
    /// No refund of that size is held.
    pub fn complete_refund(self, amount: i64) -> Result<Self, IllegalMove> {
        self.require_held("complete a refund of", amount)?;
        let refunded = self.refunded + amount;
        let status = if refunded == self.captured {
            Status::Refunded
        } else {
            Status::PartiallyRefunded
        };
        Ok(Self {
            refunded,
            status,
            ..self
        })
    }

    /// A refund that was held will not happen; its amount may be refunded again.
    ///
    /// # Errors
    /// No refund of that size is held.
    pub fn abandon_refund(self, amount: i64) -> Result<Self, IllegalMove> {
        self.require_held("abandon a refund of", amount)?;
        Ok(Self {
            refund_held: self.refund_held - amount,
            ..self
        })
    }

    /// What may still be refunded.
    pub fn refundable(self) -> i64 {
        self.captured - self.refund_held
    }

    /// What a void still has to decide to send back.
    pub fn owed_by_void(self) -> i64 {
        if self.void_requested {
            self.refundable()
        } else {
            0
        }
    }

    /// Whether something is open that only the provider's answer can end.
    pub fn is_unsettled(self) -> bool {
        self.status == Status::Pending
            || self.refund_held > self.refunded
            || self.owed_by_void() > 0
    }

    /// Whether a void has reached its aim.
    pub fn nothing_stays_captured(self) -> bool {
        self.status.is_final()
    }

    fn leave_pending(self, action: &'static str, to: Status) -> Result<Self, IllegalMove> {
        if self.status == Status::Pending {
            Ok(Self { status: to, ..self })
        } else {
            Err(IllegalMove {
                action,
                status: self.status,
            })
        }
    }

    fn require_held(self, action: &'static str, amount: i64) -> Result<(), IllegalMove> {
        let open = self.refund_held - self.refunded;
        if (1..=open).contains(&amount) {
            Ok(())
        } else {
            Err(IllegalMove {
                action,
                status: self.status,
            })
        }
    }
}

#[cfg(test)]
mod tests;
