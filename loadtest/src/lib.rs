//! The load: customers who visit the shop through its gateway, in two models, timed and checked from outside.
//!
//! | module | what |
//! |---|---|
//! | [`profile`] | who comes, how many, for how long, and what is asked of the shop |
//! | [`scenario`] | what customers do, written once for both models |
//! | `open`, `closed` | who decides when the next request comes: the schedule, or the answer before |
//! | [`schedule`] | when arrivals are due |
//! | [`dice`] | chance that can be repeated |
//! | [`door`] | the small client: trace context, time to the last byte, checks, notes |
//! | [`account`], [`ground`] | sessions; what all visits share |
//! | [`recorder`], [`history`] | histograms; every operation as a line for the auditor |
//! | [`gauge`] | what the generator itself costs |
//! | [`run`] | one run from registration to the last answer |
//! | [`threshold`], [`report`], [`render`] | what it means, and how it is shown |
//! | [`document`], [`noise`] | what is written to disk; what repeated runs tell |
//! | [`compare`], [`knee`] | two runs beside each other; how much the shop can take |
//!
//! A wrong answer is an error whatever its status, and what the generator could not do in time is said: a slow generator
//! is not a slow shop, and a shop that is not asked is not a fast one.

pub mod account;
mod closed;
pub mod compare;
pub mod dice;
pub mod document;
pub mod door;
pub mod fault;
pub mod gauge;
pub mod ground;
pub mod history;
pub mod knee;
pub mod noise;
mod open;
pub mod profile;
pub mod recorder;
pub mod render;
pub mod report;
pub mod run;
pub mod scenario;
pub mod schedule;
pub mod threshold;
mod trace;
pub mod words;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

/// A shop that is busy takes an order in and decides later: how long [`buy_one`] waits for that…
const DECISION_LIMIT: Duration = Duration::from_secs(20);
/// …and how often it looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A new customer buys one unit of a product with a good card: what "ready" means, and what `faultline smoke` follows.
///
/// # Errors
/// With what the shop answered.
pub async fn buy_one(gateway: &str, product: Uuid) -> anyhow::Result<scenario::Order> {
    let door = door::Door::new(gateway, Arc::default())?;
    let customer = account::Account::open(&door).await?;
    let token = customer.token(&door, "buyer").await?;
    let moment = || door::Moment {
        scenario: "buyer",
        intended: Instant::now(),
    };
    let ask = scenario::ask(product, scenario::VISA, 1).with_token(token.clone());
    let mut order = door.send(ask, moment(), scenario::Order::read).await?;
    let give_up = Instant::now() + DECISION_LIMIT;
    while order.status == "pending" && Instant::now() < give_up {
        tokio::time::sleep(LOOK_AGAIN).await;
        let path = format!("/api/v1/orders/{}", order.id);
        let ask = door::Ask::get("GET /orders/{id}", path).with_token(token.clone());
        let seen = door.send(ask, moment(), scenario::Order::read).await?;
        // The trace of interest is that of the order itself.
        let trace_id = order.trace_id;
        order = scenario::Order { trace_id, ..seen };
    }
    Ok(order)
}
