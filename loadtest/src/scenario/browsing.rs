//! Looking around: pages, searches, products, stock. Everything is read with the customer's session, as a shop's own
//! pages would; without one the whole crowd would share the limit of one address.

use rand::{Rng as _, seq::IndexedRandom as _};
use serde_json::Value;

use super::Visit;
use crate::{
    door::{Answer, Ask},
    fault::Ended,
};

/// Pages of twenty that are looked at.
const PAGES: u32 = 40;
const PAGE_LIMIT: usize = 20;
/// Things that people look for; every catalogue of the lab has them.
const WORDS: [&str; 8] = [
    "oak", "copper", "linen", "lamp", "clock", "teapot", "wallet", "notebook",
];
/// Where they look.
const CATEGORIES: [&str; 4] = ["kitchen", "home", "office", "travel"];

/// A page, a product of it, and whether it can be had.
pub(super) async fn browse(visit: &mut Visit) -> Result<(), Ended> {
    let product = glance(visit).await?;
    visit.think().await?;
    stock(visit, &product).await
}

/// A page of the catalogue and one product of it.
pub(super) async fn glance(visit: &mut Visit) -> Result<Value, Ended> {
    let page = visit.rng.random_range(1..=PAGES);
    let path = format!("/api/v1/products?page={page}&limit={PAGE_LIMIT}");
    let items = visit.ask(Ask::get("GET /products", path), move |answer| {
        if answer.body["page"] != page {
            return Err("another page than the one asked for".to_owned());
        }
        some_items(answer)
    });
    let items = items.await?;
    visit.think().await?;
    let listed = items
        .choose(&mut visit.rng)
        .expect("a page has items")
        .clone();
    product(visit, &listed).await?;
    Ok(listed)
}

/// A word, then a category; every hit has to be one.
pub(super) async fn search(visit: &mut Visit) -> Result<(), Ended> {
    let word = *WORDS.choose(&mut visit.rng).expect("there are words");
    let path = format!("/api/v1/products?search={word}&limit={PAGE_LIMIT}");
    let hits = visit.ask(Ask::get("GET /products?search", path), move |answer| {
        let items = some_items(answer)?;
        all(
            items,
            |item| mentions(item, word),
            "a hit without the word that was looked for",
        )
    });
    let hits = hits.await?;
    visit.think().await?;
    let hit = hits
        .choose(&mut visit.rng)
        .expect("a search has hits")
        .clone();
    product(visit, &hit).await?;
    visit.think().await?;
    let category = *CATEGORIES
        .choose(&mut visit.rng)
        .expect("there are categories");
    let path = format!("/api/v1/products?category={category}&limit={PAGE_LIMIT}");
    let listed = visit.ask(Ask::get("GET /products?category", path), move |answer| {
        let items = some_items(answer)?;
        all(
            items,
            |item| item["category"] == category,
            "a product of another category",
        )
    });
    listed.await.map(drop)
}

/// One product, which must be what the list said.
async fn product(visit: &mut Visit, listed: &Value) -> Result<(), Ended> {
    let id = listed["id"].as_str().unwrap_or_default().to_owned();
    let ask = Ask::get("GET /products/{id}", format!("/api/v1/products/{id}"));
    let listed = listed.clone();
    let read = move |answer: &Answer| {
        let same = |field: &str| answer.body[field] == listed[field];
        if !same("id") {
            return Err("another product than the one asked for".to_owned());
        }
        // Its version tells whether it was changed since.
        if same("version") && !(same("price") && same("name")) {
            return Err("another price or name than in the list".to_owned());
        }
        Ok(())
    };
    visit.ask(ask, read).await
}

async fn stock(visit: &mut Visit, product: &Value) -> Result<(), Ended> {
    let id = product["id"].as_str().unwrap_or_default().to_owned();
    let ask = Ask::get("GET /inventory/{id}", format!("/api/v1/inventory/{id}"));
    visit
        .ask(ask, move |answer| adds_up(&answer.body, &id).map(drop))
        .await
}

/// Units that came in, if they are where the stock says: on the shelf, taken aside or sold.
pub(super) fn adds_up(stock: &Value, id: &str) -> Result<i64, String> {
    if stock["product_id"] != id {
        return Err("the stock of another product".to_owned());
    }
    let units = |name: &str| stock[name].as_i64().filter(|units| *units >= 0);
    let places = [units("available"), units("reserved"), units("sold")];
    let sum: Option<i64> = places.into_iter().sum();
    match (units("received"), sum) {
        (Some(received), Some(sum)) if received == sum => Ok(received),
        _ => Err("stock that does not add up".to_owned()),
    }
}

fn some_items(answer: &Answer) -> Result<Vec<Value>, String> {
    let items = answer.body["items"].as_array().cloned().unwrap_or_default();
    let total = answer.body["total"].as_u64().unwrap_or_default();
    match items.len() {
        0 => Err("an empty list".to_owned()),
        count if count > PAGE_LIMIT => Err("a longer list than asked for".to_owned()),
        count if total < count as u64 => Err("a list longer than its total".to_owned()),
        _ => Ok(items),
    }
}

fn all(
    items: Vec<Value>,
    holds: impl Fn(&Value) -> bool,
    otherwise: &str,
) -> Result<Vec<Value>, String> {
    if items.iter().all(holds) {
        Ok(items)
    } else {
        Err(otherwise.to_owned())
    }
}

fn mentions(item: &Value, word: &str) -> bool {
    ["name", "description"].iter().any(|field| {
        let text = item[field].as_str().unwrap_or_default();
        text.to_lowercase().contains(word)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn stock_adds_up_only_when_every_unit_is_somewhere() {
        let stock = |received, available, sold| json!({ "product_id": "p", "received": received, "available": available, "reserved": 1, "sold": sold });
        assert_eq!(adds_up(&stock(10, 5, 4), "p"), Ok(10));
        assert!(adds_up(&stock(10, 5, 5), "p").is_err());
        assert!(
            adds_up(&stock(1, -1, 1), "p").is_err(),
            "no shelf has minus one"
        );
        assert!(adds_up(&stock(10, 5, 4), "q").is_err());
    }

    #[test]
    fn a_list_must_have_items_and_no_more_than_asked_for() {
        let list = |count: usize, total: usize| Answer {
            status: 200,
            body: json!({ "items": vec![json!({}); count], "total": total }),
            trace_id: String::new(),
        };
        assert!(some_items(&list(20, 1000)).is_ok());
        assert!(some_items(&list(0, 0)).is_err());
        assert!(some_items(&list(21, 1000)).is_err());
        assert!(some_items(&list(5, 4)).is_err());
    }
}
