//! The rules of payments. No I/O, no HTTP: everything here can be tested with values alone.

mod attempt;
mod payment;
mod position;
mod provider;
mod refund;
mod token;

pub use self::{
    attempt::{Attempt, AttemptState, Calls, NextMove},
    payment::{OrderId, Payment, PaymentId, UserId},
    position::{IllegalMove, Position, RefundRefused, Status},
    provider::{Provider, decline_code},
    refund::{Refund, RefundId, RefundKind, RefundStatus},
    token::{CardToken, TokenRefused},
};
