//! Who may ask for what.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Shop, asked, send};

/// The user for whom [`asked`] asks.
fn payer() -> Uuid {
    Uuid::from_u128(7)
}

#[tokio::test]
async fn a_payment_is_shown_to_its_payer_administrators_and_services_alone() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let paid = shop.pay(order, "tok_visa").await;
    shop.refund(paid.id(), Some(1), "r").await;
    let tombstone = Uuid::now_v7();
    shop.void(tombstone).await;
    let as_user = |user: Uuid, path: &str| {
        shop.request(Method::GET, path)
            .bearer_auth(shop.auth.user_token(user, &["customer"]))
    };
    for path in [
        format!("/{}", paid.id()),
        format!("/order/{order}"),
        format!("/{}/refunds", paid.id()),
    ] {
        assert_eq!(send(as_user(payer(), &path)).await.status, 200, "{path}");
        assert_eq!(
            send(shop.as_admin(Method::GET, &path)).await.status,
            200,
            "{path}"
        );
        let stranger = send(as_user(Uuid::now_v7(), &path)).await;
        assert_eq!(stranger.problem(), (404, "payment_not_found"), "{path}");
    }
    let nobodys = format!("/order/{tombstone}");
    assert_eq!(send(as_user(payer(), &nobodys)).await.status, 404);
    assert_eq!(send(shop.as_admin(Method::GET, &nobodys)).await.status, 200);
    shop.close().await;
}

#[tokio::test]
async fn customers_may_neither_charge_nor_void_nor_refund_nor_audit() {
    let shop = Shop::open().await;
    let order = Uuid::now_v7();
    let paid = shop.pay(order, "tok_visa").await;
    let requests = |as_whom: &dyn Fn(Method, &str) -> RequestBuilder| {
        let key = Uuid::now_v7();
        [
            as_whom(Method::POST, "")
                .header("idempotency-key", key.to_string())
                .json(&asked(key, json!({ "token": "tok_visa" }))),
            as_whom(Method::POST, &format!("/order/{order}/void")),
            as_whom(Method::POST, &format!("/{}/confirm", paid.id())),
            as_whom(Method::POST, &format!("/{}/refunds", paid.id()))
                .header("idempotency-key", "r")
                .json(&json!({ "reason": "x" })),
            as_whom(Method::GET, "/audit/verify"),
        ]
    };
    let customer = |method: Method, path: &str| {
        shop.request(method, path)
            .bearer_auth(shop.auth.user_token(payer(), &["customer"]))
    };
    for request in requests(&customer) {
        assert_eq!(send(request).await.problem(), (403, "role_missing"));
    }
    let nobody = |method: Method, path: &str| shop.request(method, path);
    for request in requests(&nobody) {
        assert_eq!(send(request).await.problem(), (401, "token_missing"));
    }
    // Administrators refund and audit, but only services charge and void.
    let admin = |method: Method, path: &str| shop.as_admin(method, path);
    let mut statuses = Vec::new();
    for request in requests(&admin) {
        statuses.push(send(request).await.status.as_u16());
    }
    assert_eq!(statuses, [403, 403, 200, 201, 200]);
    shop.close().await;
}
