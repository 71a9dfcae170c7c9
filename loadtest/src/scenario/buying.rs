//! Buying, and changing one's mind.

use rand::Rng as _;
use serde_json::json;

use super::{Order, Visit, browsing};
use crate::{
    door::{Answer, Ask},
    fault::Ended,
};

/// Of two buyers one looks around before ordering.
const LOOKS_AROUND_ONE_IN: u32 = 2;

/// Orders one thing, and looks what became of it.
pub(super) async fn buy(visit: &mut Visit) -> Result<(), Ended> {
    if visit.rng.random_ratio(1, LOOKS_AROUND_ONE_IN) {
        browsing::glance(visit).await?;
    }
    let order = visit.order(false).await?;
    visit.think().await?;
    let order = visit.look(&order).await?;
    visit.settled(&order);
    Ok(())
}

/// Orders one thing and cancels it. That the money came back, to the last cent, is for the auditor to see.
pub(super) async fn cancel(visit: &mut Visit) -> Result<(), Ended> {
    let order = visit.order(true).await?;
    visit.think().await?;
    if order.status != "paid" {
        visit.settled(&order);
        return Ok(());
    }
    let cancelled = take_back(visit, &order).await?;
    if cancelled.status == "cancelled" {
        let seen = visit.look(&cancelled).await?;
        visit.settled(&seen);
    } else {
        visit.settled(&cancelled);
    }
    Ok(())
}

async fn take_back(visit: &mut Visit, order: &Order) -> Result<Order, Ended> {
    let path = format!("/api/v1/orders/{}/cancel", order.id);
    let body = json!({ "reason": "changed my mind" });
    let ask = Ask::post("POST /orders/{id}/cancel", path, body)
        .about(order.id)
        .expecting(&[200, 202]);
    let (id, total) = (order.id, order.total);
    let read = move |answer: &Answer| {
        let found = Order::read(answer)?;
        // The order learns of its refund by an event, so it may not know yet; half a refund there is not.
        let refunded = found.refunded == 0 || found.refunded == total;
        match answer.status {
            _ if found.id != id => Err("another order than the one to cancel".to_owned()),
            200 if found.status != "cancelled" => Err(format!("200, and it is {}", found.status)),
            _ if !refunded => Err("neither nothing nor everything refunded".to_owned()),
            _ => Ok(found),
        }
    };
    visit.ask(ask, read).await
}
