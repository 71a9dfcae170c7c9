//! Many at once: nothing is oversold, nobody deadlocks, nobody waits for ever.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::json;
use uuid::Uuid;

use crate::support::Inventory;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_buyers_of_the_last_ten_units_exactly_ten_reserve() {
    let inventory = Inventory::start().await;
    let product = inventory.product(10).await;
    let items = [(product, 1)];
    let started = Instant::now();
    let answers = join_all((0..50).map(|_| inventory.reserve(Uuid::now_v7(), &items))).await;
    let took = started.elapsed();
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((count(201), count(409)), (10, 40), "{answers:?}");
    for sold_out in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(sold_out.body["code"], "out_of_stock");
        let error = json!([{ "field": product, "message": "1 wanted, 0 available" }]);
        assert_eq!(sold_out.body["errors"], error);
    }
    assert_eq!(inventory.level(product).await, [10, 0, 10, 0]);
    assert!(
        took < Duration::from_secs(2),
        "50 buyers of one product took {took:?}"
    );
    inventory.finish().await;
}

/// The whole way of an order on one hot product, fifty at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_product_is_reserved_and_sold_by_two_hundred_orders_without_a_timeout() {
    let inventory = Inventory::start().await;
    let product = inventory.product(1000).await;
    let buy = async || {
        for _ in 0..4 {
            let order = Uuid::now_v7();
            let items = [(product, 1)];
            assert_eq!(inventory.reserve(order, &items).await.status, 201);
            assert_eq!(inventory.commit(order).await.status, 200);
        }
    };
    join_all((0..50).map(|_| buy())).await;
    assert_eq!(inventory.level(product).await, [1000, 800, 0, 200]);
    inventory.finish().await;
}

/// Baskets share products in every order; each is reserved, then committed or released. Only "sold out" may refuse.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_baskets_in_random_order_neither_deadlock_nor_oversell() {
    let inventory = Inventory::start().await;
    let mut products = Vec::new();
    for _ in 0..6 {
        products.push(inventory.product(60).await);
    }
    let buy = async |buyer: u64| {
        let mut rng = StdRng::seed_from_u64(buyer);
        for _ in 0..6 {
            let mut items: Vec<_> = products
                .iter()
                .map(|id| (*id, rng.random_range(1..=3)))
                .collect();
            items.shuffle(&mut rng);
            items.truncate(rng.random_range(2..=6));
            let order = Uuid::now_v7();
            let reserved = inventory.reserve(order, &items).await;
            let sold_out = reserved.body["code"] == "out_of_stock";
            assert!(reserved.status == 201 || sold_out, "{reserved:?}");
            let settled = match (sold_out, rng.random_bool(0.5)) {
                (true, _) => continue,
                (false, true) => inventory.commit(order).await,
                (false, false) => inventory.release(order).await,
            };
            assert_eq!(settled.status, 200, "{settled:?}");
        }
    };
    join_all((0..30).map(buy)).await;
    for product in products {
        let [received, available, reserved, sold] = inventory.level(product).await;
        assert_eq!((received, reserved, available + sold), (60, 0, 60));
    }
    inventory.finish().await;
}

/// A saga that lost an answer may ask for everything at the same time: whoever wins, the units end in one place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reserve_commit_and_release_of_one_order_at_once_end_in_one_state() {
    let inventory = Inventory::start().await;
    let product = inventory.product(1000).await;
    for _ in 0..25 {
        let order = Uuid::now_v7();
        let items = [(product, 2)];
        let (reserve, again, commit, release) = tokio::join!(
            inventory.reserve(order, &items),
            inventory.reserve(order, &items),
            inventory.commit(order),
            inventory.release(order),
        );
        for answer in [&reserve, &again, &commit, &release] {
            assert!(!answer.status.is_server_error(), "{answer:?}");
        }
        assert_eq!(release.status, 200, "{release:?}");
        // The release won or came last: either way nothing is kept for the order.
        assert_eq!(
            inventory.reservation(order).await.body["status"],
            "released"
        );
    }
    assert_eq!(inventory.level(product).await, [1000, 1000, 0, 0]);
    inventory.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restocks_and_imports_run_beside_reservations() {
    let inventory = Inventory::start().await;
    let product = inventory.product(100).await;
    let restock = || async {
        let path = format!("/{product}/restock");
        let request = inventory.as_admin(reqwest::Method::POST, &path);
        crate::support::send(request.json(&json!({ "quantity": 1 })))
            .await
            .status
    };
    let items = [(product, 1)];
    let (restocked, reserved) = tokio::join!(
        join_all((0..25).map(|_| restock())),
        join_all((0..25).map(|_| inventory.reserve(Uuid::now_v7(), &items))),
    );
    assert!(
        restocked.iter().all(|status| *status == 200),
        "{restocked:?}"
    );
    assert!(
        reserved.iter().all(|answer| answer.status == 201),
        "{reserved:?}"
    );
    assert_eq!(inventory.level(product).await, [125, 100, 25, 0]);
    inventory.finish().await;
}
