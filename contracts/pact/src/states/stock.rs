//! Products, their stock, and reservations of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Values, fresh, values};
use crate::shop::{Shop, expect};

/// As many units as an order of the pacts takes.
const UNITS: u32 = 2;

pub(super) async fn set_up(shop: &Shop, state: &str) -> anyhow::Result<Option<Values>> {
    let given = match state {
        "a product is sold" => json!({ "product_id": product(shop).await? }),
        "a product with stock and a new order" => wanted(shop, 9).await?,
        "a product without stock and a new order" => wanted(shop, 0).await?,
        "an order with a reservation" => reserved(shop).await?,
        "an order whose reservation was released" => {
            let given = reserved(shop).await?;
            let order = given["order_id"].as_str().unwrap_or_default();
            let path = format!("/api/v1/inventory/reservations/{order}/release");
            let request = shop.request("inventory", Method::POST, &path)?;
            expect(request.bearer_auth(shop.service_token("order")?)).await?;
            given
        }
        _ => return Ok(None),
    };
    Ok(Some(values(given)))
}

/// A product of the catalogue, which any shop might sell.
pub(super) async fn product(shop: &Shop) -> anyhow::Result<String> {
    let id = fresh();
    let product = json!({
        "id": id, "sku": format!("PACT-{id}"), "name": "Teapot", "description": "Pours.",
        "category": "kitchen", "price": { "amount": 500, "currency": "EUR" }, "attributes": {},
    });
    let request = shop.request("product", Method::POST, "/api/v1/products/import")?;
    let request = request.bearer_auth(shop.administrator().await?);
    expect(request.json(&json!({ "items": [product] }))).await?;
    Ok(id)
}

/// Units of a product that was never stocked.
pub(super) async fn stock(shop: &Shop, product: &str, units: u32) -> anyhow::Result<()> {
    let item = json!({ "product_id": product, "quantity": units });
    let request = shop.request("inventory", Method::POST, "/api/v1/inventory/import")?;
    let request = request.bearer_auth(shop.administrator().await?);
    expect(request.json(&json!({ "items": [item] })))
        .await
        .map(drop)
}

async fn wanted(shop: &Shop, units: u32) -> anyhow::Result<Value> {
    let product = fresh();
    stock(shop, &product, units).await?;
    Ok(json!({ "product_id": product, "order_id": fresh() }))
}

async fn reserved(shop: &Shop) -> anyhow::Result<Value> {
    let given = wanted(shop, 9).await?;
    let order = given["order_id"].as_str().unwrap_or_default();
    let item = json!({ "product_id": given["product_id"], "quantity": UNITS });
    let path = format!("/api/v1/inventory/reservations/{order}");
    let request = shop.request("inventory", Method::PUT, &path)?;
    let request = request.bearer_auth(shop.service_token("order")?);
    expect(request.json(&json!({ "items": [item] }))).await?;
    Ok(given)
}
