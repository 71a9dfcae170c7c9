//! Business metrics on the admin port.

use uuid::Uuid;

use crate::support::Inventory;

#[tokio::test]
async fn units_are_counted_where_they_move_and_repeats_are_not() {
    let inventory = Inventory::start().await;
    let (product, order, other) = (inventory.product(10).await, Uuid::now_v7(), Uuid::now_v7());
    for _ in 0..2 {
        inventory.reserve(order, &[(product, 3)]).await;
    }
    inventory.reserve(other, &[(product, 8)]).await;
    inventory.reserve(other, &[(product, 2)]).await;
    for _ in 0..2 {
        inventory.commit(order).await;
        inventory.release(other).await;
    }
    inventory.release(order).await;
    let url = format!("{}/metrics", inventory.running.admin_url());
    let text = inventory
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for line in [
        r#"inventory_received_units_total{service="inventory"} 10"#,
        r#"inventory_reserved_units_total{service="inventory"} 5"#,
        r#"inventory_committed_units_total{service="inventory"} 3"#,
        r#"inventory_released_units_total{from="held",reason="requested",service="inventory"} 2"#,
        r#"inventory_released_units_total{from="committed",reason="requested",service="inventory"} 3"#,
        r#"inventory_reservations_total{outcome="reserved",service="inventory"} 2"#,
        r#"inventory_reservations_total{outcome="repeated",service="inventory"} 1"#,
        r#"inventory_reservations_total{outcome="out_of_stock",service="inventory"} 1"#,
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    inventory.finish().await;
}
