//! What "ready" means beyond green readiness checks: a customer registers, logs in, orders something, and it is paid.

use anyhow::ensure;
use loadtest::scenario::Order;

use crate::{Lab, catalogue, shopkeeper};

/// Fills the shelves and lets one real order through.
///
/// # Errors
/// With the step that did not work, and what the shop answered.
pub async fn prove_ready(lab: &Lab) -> anyhow::Result<()> {
    shopkeeper::stock_shelves(lab).await?;
    let order = buy(lab).await?;
    ensure!(
        order.status == "paid",
        "the first order is {}",
        order.outcome()
    );
    Ok(())
}

/// A new customer buys one thing.
///
/// # Errors
/// With what the shop answered.
pub async fn buy(lab: &Lab) -> anyhow::Result<Order> {
    loadtest::buy_one(&shopkeeper::gateway(lab), catalogue::id(0)).await
}
