//! Reservations that nobody commits.

use chassis::testing::wait_for;
use uuid::Uuid;

use crate::support::{Inventory, LIMIT, NO_KAFKA};

#[tokio::test]
async fn a_reservation_that_nobody_commits_expires_and_gives_its_units_back() {
    let settings = [("RESERVATION_HOLD_MS", "50"), ("EXPIRY_SWEEP_MS", "20")];
    let inventory = Inventory::start_with(NO_KAFKA, &settings).await;
    let (product, order) = (inventory.product(5).await, Uuid::now_v7());
    assert_eq!(inventory.reserve(order, &[(product, 2)]).await.status, 201);
    wait_for(LIMIT, async || {
        inventory.reservation(order).await.body["status"] == "expired"
    })
    .await;
    assert_eq!(inventory.level(product).await, [5, 5, 0, 0]);

    assert_eq!(
        inventory.commit(order).await.body["code"],
        "reservation_closed"
    );
    assert_eq!(
        inventory.reserve(order, &[(product, 2)]).await.body["code"],
        "reservation_closed"
    );
    let released = inventory.release(order).await;
    assert_eq!(
        (released.status.as_u16(), &released.body["status"]),
        (200, &"expired".into())
    );
    let events = inventory.events(order).await;
    assert_eq!(events[1].0, "InventoryReleased");
    assert_eq!(events[1].1["reason"], "expired");
    inventory.finish().await;
}

#[tokio::test]
async fn a_sale_never_expires() {
    let settings = [("RESERVATION_HOLD_MS", "300"), ("EXPIRY_SWEEP_MS", "20")];
    let inventory = Inventory::start_with(NO_KAFKA, &settings).await;
    let (product, sold, abandoned) = (inventory.product(5).await, Uuid::now_v7(), Uuid::now_v7());
    inventory.reserve(sold, &[(product, 1)]).await;
    assert_eq!(inventory.commit(sold).await.status, 200);
    // Due later than the sale would have been: when it has expired, the sale had its chance.
    inventory.reserve(abandoned, &[(product, 1)]).await;
    wait_for(LIMIT, async || {
        inventory.reservation(abandoned).await.body["status"] == "expired"
    })
    .await;
    assert_eq!(
        inventory.reservation(sold).await.body["status"],
        "committed"
    );
    assert_eq!(inventory.level(product).await, [5, 4, 0, 1]);
    inventory.finish().await;
}

/// Commits and the sweep meet at the same moment; each reservation ends as what its caller was told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_races_its_expiry_is_told_the_truth() {
    let settings = [("RESERVATION_HOLD_MS", "1"), ("EXPIRY_SWEEP_MS", "1")];
    let inventory = Inventory::start_with(NO_KAFKA, &settings).await;
    let product = inventory.product(1000).await;
    let buy = async || {
        let order = Uuid::now_v7();
        assert_eq!(inventory.reserve(order, &[(product, 1)]).await.status, 201);
        let told = inventory.commit(order).await.status == 200;
        let status = inventory.reservation(order).await.body["status"].clone();
        assert_eq!(status, if told { "committed" } else { "expired" });
    };
    futures_util::future::join_all((0..40).map(|_| buy())).await;
    inventory.finish().await;
}
