//! The catalogue of the lab: the same thousand products, prices and stock in every lab, computed and not stored.

use serde_json::{Value, json};
use uuid::{Builder, Uuid};

/// Products in all.
pub const SIZE: usize = 1_000;
/// The last so many have only a handful of units, so that something sells out.
pub const SCARCE: usize = 10;
/// Units of an ordinary product: enough for days of demos.
const PLENTY: u32 = 10_000;
/// Units of a scarce one.
const HANDFUL: u32 = 5;
/// When all ids claim to have been made: 2026-01-01T00:00:00Z. They sort by their number.
const EPOCH_MS: u64 = 1_767_225_600_000;

const MATERIALS: [&str; 10] = [
    "Oak", "Copper", "Linen", "Glass", "Cork", "Wool", "Slate", "Bamboo", "Enamel", "Leather",
];
const THINGS: [(&str, &str, u32); 20] = [
    ("Teapot", "kitchen", 2_490),
    ("Bowl", "kitchen", 1_290),
    ("Chopping board", "kitchen", 1_890),
    ("Pepper mill", "kitchen", 2_990),
    ("Ladle", "kitchen", 890),
    ("Lamp", "home", 4_990),
    ("Clock", "home", 3_990),
    ("Vase", "home", 2_290),
    ("Basket", "home", 1_690),
    ("Mirror", "home", 5_990),
    ("Notebook", "office", 690),
    ("Pen tray", "office", 1_190),
    ("Desk mat", "office", 2_190),
    ("Bookend", "office", 1_990),
    ("Paperweight", "office", 1_490),
    ("Rucksack", "travel", 7_990),
    ("Bottle", "travel", 1_590),
    ("Wallet", "travel", 3_490),
    ("Blanket", "travel", 4_490),
    ("Umbrella", "travel", 2_790),
];
const SIZES: [&str; 5] = ["mini", "small", "medium", "large", "giant"];

/// Id of the product with this number, from 0: a UUIDv7 with a fixed time.
#[must_use]
pub fn id(number: usize) -> Uuid {
    let number = u64::try_from(number).expect("a thousand fits");
    let mut random = [0_u8; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    Builder::from_unix_timestamp_millis(EPOCH_MS, &random).into_uuid()
}

/// Ids of products with plenty of stock.
#[must_use]
pub fn plentiful() -> Vec<Uuid> {
    (0..SIZE - SCARCE).map(id).collect()
}

/// Ids of products that sell out.
#[must_use]
pub fn scarce() -> Vec<Uuid> {
    (SIZE - SCARCE..SIZE).map(id).collect()
}

/// A range of products, as the import of the product service takes them.
#[must_use]
pub fn products(range: std::ops::Range<usize>) -> Value {
    json!({ "items": range.map(product).collect::<Vec<_>>() })
}

/// Stock of all products, as the import of the inventory service takes it.
#[must_use]
pub fn stock() -> Value {
    let units = |number| {
        if number < SIZE - SCARCE {
            PLENTY
        } else {
            HANDFUL
        }
    };
    let item = |number| json!({ "product_id": id(number), "quantity": units(number) });
    json!({ "items": (0..SIZE).map(item).collect::<Vec<_>>() })
}

fn product(number: usize) -> Value {
    let (thing, category, base) = THINGS[number % THINGS.len()];
    let material = MATERIALS[number / THINGS.len() % MATERIALS.len()];
    let size = SIZES[number / (THINGS.len() * MATERIALS.len()) % SIZES.len()];
    // Prices differ by material and size, and look like prices.
    let steps = u32::try_from(number / THINGS.len()).expect("a thousand fits");
    let cents = base + steps * 100;
    json!({
        "id": id(number),
        "sku": format!("FL-{:04}", number + 1),
        "name": format!("{material} {}, {size}", thing.to_lowercase()),
        "description": format!("A {size} {} of {}.", thing.to_lowercase(), material.to_lowercase()),
        "category": category,
        "price": { "amount": cents, "currency": "EUR" },
        "attributes": { "material": material.to_lowercase(), "size": size },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_thousand_different_products_with_different_names() {
        let all = products(0..SIZE);
        let items = all["items"].as_array().unwrap();
        let unique = |field: &str| {
            items
                .iter()
                .map(|item| item[field].as_str().unwrap())
                .collect::<HashSet<_>>()
                .len()
        };
        assert_eq!(
            (unique("id"), unique("sku"), unique("name")),
            (SIZE, SIZE, SIZE)
        );
    }

    #[test]
    fn ids_are_version_7_and_sort_by_number() {
        assert_eq!(id(0).get_version_num(), 7);
        assert!((1..SIZE).all(|number| id(number - 1) < id(number)));
    }
}
