//! Card tokens at rest: sealed while they are needed, gone afterwards, sealed again after a change of keys.

use chassis::testing::wait_for;
use uuid::Uuid;

use crate::support::{KEY_1, LIMIT, PATIENT, Shop, wire::Mode};

const KEY_2: &str = "k2:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

async fn key_id(shop: &Shop, order: Uuid) -> Option<String> {
    sqlx::query_scalar("SELECT token_key_id FROM payments WHERE order_id = $1")
        .bind(order)
        .fetch_one(shop.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_token_is_sealed_while_pending_and_erased_at_the_end() {
    let shop = Shop::open_with(&PATIENT).await;
    let order = Uuid::now_v7();
    shop.stripe.set(Mode::LosesAnswers).await;
    let payment = shop.pay(order, "tok_visa").await.id();
    let everything: String = sqlx::query_scalar(
        "SELECT string_agg(row, ' ') FROM (
             SELECT payments::text AS row FROM payments
             UNION ALL SELECT payment_attempts::text FROM payment_attempts
             UNION ALL SELECT idempotency::text FROM idempotency
             UNION ALL SELECT audit_log::text FROM audit_log
             UNION ALL SELECT outbox::text FROM outbox) AS rows",
    )
    .fetch_one(shop.pool())
    .await
    .unwrap();
    assert!(everything.contains(&order.to_string()));
    for form in [
        "tok_visa".to_owned(),
        "tok_visa".bytes().map(|b| format!("{b:02x}")).collect(),
    ] {
        assert!(!everything.contains(&form), "{form}");
    }
    assert_eq!(key_id(&shop, order).await.as_deref(), Some("k1"));
    shop.stripe.set(Mode::Whole).await;
    shop.confirm(payment).await;
    let sealed: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT token_sealed FROM payments WHERE order_id = $1")
            .bind(order)
            .fetch_one(shop.pool())
            .await
            .unwrap();
    assert_eq!((sealed, key_id(&shop, order).await), (None, None));
    shop.close().await;
}

#[tokio::test]
async fn after_a_change_of_keys_pending_tokens_are_sealed_with_the_new_one() {
    let shop = Shop::open_with(&PATIENT).await;
    let orders: Vec<_> = (0..3).map(|_| Uuid::now_v7()).collect();
    shop.stripe.set(Mode::LosesAnswers).await;
    for &order in &orders {
        shop.pay(order, "tok_visa").await;
    }
    let both = format!("{KEY_2},{KEY_1}");
    let rotated = [
        ("PAYMENT_ENCRYPTION_KEYS", both.as_str()),
        PATIENT[1],
        PATIENT[2],
    ];
    let second = shop.second_instance(&rotated).await;
    for &order in &orders {
        wait_for(LIMIT, async || {
            key_id(&shop, order).await.as_deref() == Some("k2")
        })
        .await;
    }
    second.stop().await;
    // The old key is dropped, and what it once sealed still opens.
    shop.stripe.set(Mode::Whole).await;
    let third = shop
        .second_instance(&[("PAYMENT_ENCRYPTION_KEYS", KEY_2)])
        .await;
    for &order in &orders {
        let path = format!("{}/api/v1/payments/order/{order}/void", third.url());
        let voided = shop
            .client
            .post(path)
            .bearer_auth(shop.auth.service_token("order"));
        assert_eq!(
            crate::support::send(voided).await.state(),
            (200, "refunded")
        );
    }
    third.stop().await;
    shop.close().await;
}
