//! Finding products: words, categories, pages, and the index that serves them.

use chassis::testing::wait_for;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Answer, Catalogue, LIMIT};

fn item(name: &str, category: &str, description: &str) -> Value {
    let id = Uuid::now_v7();
    json!({
        "id": id, "sku": format!("S-{}", id.simple()), "name": name, "category": category,
        "description": description, "price": { "amount": 100, "currency": "EUR" },
    })
}

fn names(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].as_str().unwrap())
        .collect()
}

async fn furnished() -> Catalogue {
    let catalogue = Catalogue::start().await;
    let items = json!([
        item("Desk lamp", "lighting", "For late hours."),
        item("Oak desk", "furniture", "Room for a lamp and a book."),
        item("Candle", "lighting", "Warm light."),
        item("Bücherregal", "furniture", "Für viele Bücher."),
    ]);
    assert_eq!(catalogue.import(&items).await.body["created"], 4);
    catalogue
}

#[tokio::test]
async fn words_find_their_other_forms_and_a_hit_in_the_name_comes_first() {
    let catalogue = furnished().await;
    for (search, found) in [
        ("lamps", vec!["Desk lamp", "Oak desk"]),
        ("LAMP", vec!["Desk lamp", "Oak desk"]),
        ("desk", vec!["Desk lamp", "Oak desk"]),
        ("lamp -oak", vec!["Desk lamp"]),
        ("\"oak desk\"", vec!["Oak desk"]),
        ("candle or regal", vec!["Candle"]),
        ("Bücher", vec!["Bücherregal"]),
        ("lighting", vec!["Candle", "Desk lamp"]),
        ("sofa", vec![]),
        ("the", vec![]),
    ] {
        let answer = catalogue.get(&format!("?search={}", encoded(search))).await;
        assert_eq!(names(&answer), found, "{search}");
        assert_eq!(answer.body["total"], found.len(), "{search}");
    }
}

#[tokio::test]
async fn a_product_is_found_by_its_sku() {
    let catalogue = furnished().await;
    let candle = catalogue.get("?search=candle").await;
    let sku = candle.body["items"][0]["sku"].as_str().unwrap();
    assert_eq!(
        names(&catalogue.get(&format!("?search={sku}")).await),
        ["Candle"]
    );
}

#[tokio::test]
async fn nothing_in_a_search_box_is_a_syntax_error() {
    let catalogue = furnished().await;
    for search in [
        "'",
        "\"",
        "\\",
        "&",
        "| !",
        "( desk",
        "desk:*",
        "<->",
        "--",
        "%",
        "_",
        "*",
        "''; DROP TABLE products; --",
        "🦀",
        "a & b | c",
        "-",
        "- -lamp",
        "or or or",
    ] {
        let answer = catalogue.get(&format!("?search={}", encoded(search))).await;
        assert_eq!(answer.status, 200, "{search}: {answer:?}");
    }
    assert_eq!(catalogue.get("").await.body["total"], 4);
}

#[tokio::test]
async fn a_category_filters_exactly_and_combines_with_words() {
    let catalogue = furnished().await;
    assert_eq!(
        names(&catalogue.get("?category=lighting").await),
        ["Candle", "Desk lamp"]
    );
    assert_eq!(
        names(&catalogue.get("?category=furniture&search=lamp").await),
        ["Oak desk"]
    );
    assert_eq!(names(&catalogue.get("?category=light").await), [""; 0]);
    let all = catalogue.get("?category=&search=%20").await;
    assert_eq!(
        names(&all),
        ["Bücherregal", "Candle", "Desk lamp", "Oak desk"]
    );
}

#[tokio::test]
async fn pages_hold_each_product_once() {
    let catalogue = Catalogue::start().await;
    // All names are the same: only the id tells them apart.
    let items: Vec<_> = (0..25)
        .map(|_| item("Brick", "stone", "Red brick."))
        .collect();
    catalogue.import(&json!(items)).await;
    for filter in [
        "",
        "&search=brick",
        "&category=stone",
        "&search=brick&category=stone",
    ] {
        let mut seen = std::collections::BTreeSet::new();
        for (page, rows) in [(1, 10), (2, 10), (3, 5), (4, 0)] {
            let answer = catalogue
                .get(&format!("?page={page}&limit=10{filter}"))
                .await;
            let items = answer.body["items"].as_array().unwrap();
            assert_eq!(items.len(), rows, "{filter} {page}");
            let told = ["page", "limit", "total"].map(|field| answer.body[field].clone());
            assert_eq!(told, [json!(page), json!(10), json!(25)]);
            seen.extend(
                items
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
        }
        assert_eq!(seen.len(), 25, "{filter}");
    }
}

/// The whole point of an index is that it is used: PostgreSQL counts its scans.
#[tokio::test]
async fn each_kind_of_list_is_served_by_its_index() {
    let catalogue = Catalogue::start().await;
    for block in 0..6 {
        let item = |n| {
            let category = format!("category {}", n % 50);
            item(
                &format!("Product number{}", block * 500 + n),
                &category,
                "Like all others.",
            )
        };
        let items: Vec<_> = (0..500).map(item).collect();
        assert_eq!(catalogue.import(&json!(items)).await.body["created"], 500);
    }
    sqlx::query("VACUUM ANALYZE products")
        .execute(catalogue.pool())
        .await
        .unwrap();
    for (query, index) in [
        ("?search=number1234", "products_search"),
        ("?category=category%207", "products_by_category"),
        ("?limit=20", "products_by_name"),
    ] {
        let before = scans(&catalogue, index).await;
        assert!(
            !catalogue.get(query).await.body["items"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        wait_for(LIMIT, async || {
            // A backend reports its counts when it gets a next statement.
            catalogue.get(&format!("/{}", Uuid::now_v7())).await;
            scans(&catalogue, index).await > before
        })
        .await;
    }
}

async fn scans(catalogue: &Catalogue, index: &str) -> i64 {
    sqlx::query_scalar("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = $1")
        .bind(index)
        .fetch_one(catalogue.pool())
        .await
        .unwrap()
}

/// Percent-encodes everything that is not a letter or a digit.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
