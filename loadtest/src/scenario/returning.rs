//! Somebody who has bought before: past orders, what happened to the last one, what it all came to, and once more.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Visit;
use crate::{
    door::{Answer, Ask},
    fault::Ended,
};

/// Lists, reads a history, sums up, and orders again.
pub(super) async fn return_and_buy(visit: &mut Visit) -> Result<(), Ended> {
    let last = past_orders(visit).await?;
    if let Some(last) = last {
        visit.think().await?;
        history(visit, &last).await?;
    }
    visit.think().await?;
    let sums = Ask::get("GET /orders/analytics", "/api/v1/orders/analytics");
    visit.ask(sums, |answer| sums_up(&answer.body)).await?;
    visit.think().await?;
    let order = visit.order(false).await?;
    let order = visit.look(&order).await?;
    visit.settled(&order);
    Ok(())
}

/// The newest of one's orders, all of which must be one's own and different.
async fn past_orders(visit: &mut Visit) -> Result<Option<String>, Ended> {
    let ask = Ask::get("GET /orders", "/api/v1/orders?limit=10");
    visit.ask(ask, |answer| own_orders(&answer.body)).await
}

fn own_orders(body: &Value) -> Result<Option<String>, String> {
    let items = body["items"].as_array().ok_or("a list without items")?;
    let users: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item["user_id"].as_str())
        .collect();
    let ids: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item["id"].as_str())
        .collect();
    if users.len() > 1 {
        return Err("orders of several people in one list".to_owned());
    }
    if ids.len() != items.len() {
        return Err("the same order twice in a list".to_owned());
    }
    Ok(items
        .first()
        .and_then(|item| item["id"].as_str())
        .map(str::to_owned))
}

async fn history(visit: &mut Visit, order: &str) -> Result<(), Ended> {
    let path = format!("/api/v1/orders/{order}/history");
    let ask = Ask::get("GET /orders/{id}/history", path);
    visit.ask(ask, |answer: &Answer| whole(&answer.body)).await
}

/// A history begins with the order's creation and misses no version.
fn whole(history: &Value) -> Result<(), String> {
    let events = history.as_array().ok_or("a history that is no list")?;
    let versions: Vec<u64> = events
        .iter()
        .filter_map(|event| event["version"].as_u64())
        .collect();
    let expected: Vec<u64> = (1..=events.len() as u64).collect();
    if events
        .first()
        .is_none_or(|first| first["type"] != "OrderCreated")
    {
        return Err("a history that does not begin with the order".to_owned());
    }
    if versions != expected {
        return Err("a history with a gap".to_owned());
    }
    Ok(())
}

fn sums_up(analytics: &Value) -> Result<(), String> {
    let by_status = analytics["by_status"]
        .as_object()
        .ok_or("analytics without statuses")?;
    let sum: Option<u64> = by_status.values().map(Value::as_u64).sum();
    if sum.is_some() && sum == analytics["orders"].as_u64() {
        Ok(())
    } else {
        Err("analytics that do not add up".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_history_must_be_whole() {
        let event = |version: u64, name: &str| json!({ "version": version, "type": name });
        let good = json!([event(1, "OrderCreated"), event(2, "OrderPaid")]);
        assert_eq!(whole(&good), Ok(()));
        assert!(whole(&json!([event(1, "OrderCreated"), event(3, "OrderPaid")])).is_err());
        assert!(whole(&json!([event(1, "OrderPaid")])).is_err());
        assert!(whole(&json!([])).is_err());
    }

    #[test]
    fn a_list_shows_one_persons_orders_each_once() {
        let order = |id: &str, user: &str| json!({ "id": id, "user_id": user });
        let list = |items: Vec<Value>| own_orders(&json!({ "items": items }));
        assert_eq!(list(vec![]), Ok(None));
        assert_eq!(
            list(vec![order("b", "u"), order("a", "u")]),
            Ok(Some("b".to_owned()))
        );
        assert!(list(vec![order("a", "u"), order("b", "v")]).is_err());
        assert!(list(vec![order("a", "u"), order("a", "u")]).is_err());
    }

    #[test]
    fn analytics_add_up() {
        assert_eq!(
            sums_up(&json!({ "orders": 3, "by_status": { "paid": 2, "cancelled": 1 } })),
            Ok(())
        );
        assert!(sums_up(&json!({ "orders": 4, "by_status": { "paid": 2 } })).is_err());
    }
}
