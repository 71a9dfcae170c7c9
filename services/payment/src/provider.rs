//! The two providers behind one set of answers. What an answer means for the payment is decided elsewhere.
//!
//! Every call that moves money carries the attempt's or the refund's own key, and the provider answers a repeat with what
//! it did the first time. The edge itself does not retry these calls: a retry hides the first try's fate behind the
//! second one's (timed out, then refused a connection), and whether a call may have happened is what counts here.

mod classify;
mod paypal;
mod stripe;
pub(crate) mod webhook;

use chassis::{client::EdgePolicy, config::Secret, money::Money, service::Context};

use self::{paypal::Paypal, stripe::Stripe};
use crate::domain::{Attempt, CardToken, OrderId, Payment, PaymentId, Provider, Refund};

/// Money was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The provider's id of the payment.
    pub payment_id: String,
    /// Where a capture is a thing of its own.
    pub capture_id: Option<String>,
    /// How much.
    pub amount: Money,
}

/// What is known after asking for money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// Taken.
    Captured(Capture),
    /// Refused for good; nothing was taken.
    Declined {
        /// Why, in plain words of ours.
        code: String,
        /// The provider's id of the payment.
        payment_id: Option<String>,
    },
    /// This call was certainly not processed. Says nothing of earlier ones.
    NotProcessed {
        /// For people.
        why: String,
        /// Whether another provider may be asked.
        may_fail_over: bool,
    },
    /// It may or may not have been taken.
    Unknown {
        /// For people.
        why: String,
        /// The provider's id of the payment.
        payment_id: Option<String>,
    },
}

/// What is known after asking for a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// Given back.
    Succeeded {
        /// The provider's id of the refund.
        refund_id: String,
    },
    /// Refused for good; nothing was given back.
    Refused {
        /// Why, in plain words of ours.
        code: String,
    },
    /// Ask again with the same key.
    Unknown {
        /// For people.
        why: String,
    },
}

/// A charge to ask for.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    /// The attempt's own key.
    pub key: &'a str,
    /// What it is for.
    pub payment: PaymentId,
    /// What that is for.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// Of whom.
    pub token: &'a CardToken,
    /// The provider's id of the payment, if an earlier call brought it.
    pub known_id: Option<&'a str>,
}

/// A refund to ask for.
#[derive(Clone, Copy, Debug)]
pub struct GiveBack<'a> {
    /// What is asked for.
    pub refund: &'a Refund,
    /// What it takes back.
    pub payment: &'a Payment,
    /// The attempt that took the money.
    pub attempt: &'a Attempt,
    /// How much.
    pub amount: Money,
}

/// Both providers.
pub struct Providers {
    stripe: Stripe,
    paypal: Paypal,
}

impl Providers {
    /// Reads `EDGE_STRIPE_…` and `EDGE_PAYPAL_…`.
    ///
    /// # Errors
    /// A variable is missing or makes no sense.
    pub fn from_env(context: &Context, key: &Secret) -> anyhow::Result<Self> {
        Ok(Self {
            stripe: Stripe::from_env(context, EdgePolicy::default(), key)?,
            paypal: Paypal::from_env(context, EdgePolicy::default(), key)?,
        })
    }

    /// Asks for the money.
    pub async fn charge(&self, at: Provider, charge: Charge<'_>) -> ChargeOutcome {
        match at {
            Provider::Stripe => self.stripe.charge(charge).await,
            Provider::Paypal => self.paypal.charge(charge).await,
        }
    }

    /// What the provider knows of the payment. `None` is no answer to whether it was taken: a call may still be under
    /// way, and a search may be behind.
    pub async fn look_up(&self, at: Provider, charge: Charge<'_>) -> Option<ChargeOutcome> {
        match at {
            Provider::Stripe => self.stripe.look_up(charge).await,
            Provider::Paypal => self.paypal.look_up(charge).await,
        }
    }

    /// Asks for money to be given back.
    pub async fn refund(&self, at: Provider, back: GiveBack<'_>) -> RefundOutcome {
        match at {
            Provider::Stripe => self.stripe.refund(back).await,
            Provider::Paypal => self.paypal.refund(back).await,
        }
    }
}
