//! Orders from the customer's side: paid, declined, sold out, repeated, read, cancelled.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::{Answer, Person, order_body, product_with_stock},
    lab::{Lab, eventually, shared},
};

async fn available(lab: &Lab, product: &str) -> i64 {
    let stock = Person::stranger(lab)
        .get(&format!("/api/v1/inventory/{product}"))
        .await;
    stock.expect(200)["available"].as_i64().unwrap()
}

fn mails_to(lab: &Lab, address: &str) -> Vec<String> {
    let mails = lab.json(&["mails", "--json"]);
    let to = |mail: &&Value| mail["to"].to_string().contains(address);
    let subject = |mail: &Value| mail["subject"].as_str().unwrap_or_default().to_owned();
    mails
        .as_array()
        .unwrap()
        .iter()
        .filter(to)
        .map(subject)
        .collect()
}

#[tokio::test]
async fn a_customer_registers_logs_in_orders_and_pays_and_gets_a_mail() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;

    let answer = customer.order(&product, 2, "tok_visa").await;

    let location = answer.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers["x-trace-id"].len(), 32);
    let order = answer.expect(201);
    assert_eq!(
        (&order["status"], &order["total"]["amount"]),
        (&json!("paid"), &json!(2500))
    );
    assert_eq!(customer.get(&location).await.expect(200)["status"], "paid");
    assert_eq!(available(lab, &product).await, 3);
    let id = order["id"].as_str().unwrap();
    eventually(
        "the mail about the paid order",
        Duration::from_secs(20),
        async || {
            mails_to(lab, &customer.email)
                .iter()
                .any(|subject| subject.contains(id))
        },
    )
    .await;
    let subjects = mails_to(lab, &customer.email);
    assert_eq!(
        subjects
            .iter()
            .filter(|subject| subject.contains(id))
            .count(),
        1,
        "{subjects:?}"
    );
}

#[tokio::test]
async fn a_declined_card_cancels_the_order_with_the_reason_and_restores_the_stock() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    for (token, detail) in [
        ("tok_chargeDeclined", "generic_decline"),
        ("tok_insufficientFunds", "insufficient_funds"),
    ] {
        let order = customer.order(&product, 1, token).await.expect(201);
        assert_eq!(
            (&order["status"], &order["reason"], &order["detail"]),
            (
                &json!("cancelled"),
                &json!("payment_declined"),
                &json!(detail)
            ),
        );
        let id = order["id"].as_str().unwrap();
        let payment = customer
            .get(&format!("/api/v1/payments/order/{id}"))
            .await
            .expect(200);
        assert_eq!(payment["status"], "declined");
    }
    assert_eq!(available(lab, &product).await, 5);
}

/// As good customers do where the shop is full: told to come again, they come again with the same key.
async fn order_in_the_end(customer: &Person, product: &str) -> Answer {
    let key = Uuid::now_v7().to_string();
    let order = async || {
        let body = Some(order_body(product, 1, "tok_visa").to_string());
        let key = [("idempotency-key", &*key)];
        customer
            .send(Method::POST, "/api/v1/orders", body, &key)
            .await
    };
    let mut answer = order().await;
    for _ in 0..30 {
        let Some(seconds) = answer.headers.get("retry-after") else {
            break;
        };
        let seconds = seconds.to_str().unwrap().parse().unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        answer = order().await;
    }
    answer
}

#[tokio::test]
async fn fifty_buyers_of_the_last_ten_units_make_ten_paid_and_forty_cancelled_orders() {
    let lab = shared().await;
    let product = product_with_stock(lab, 10).await;
    let customer = Person::customer(lab).await;

    let orders = join_all((0..50).map(|_| order_in_the_end(&customer, &product))).await;

    let mut ids = Vec::new();
    for answer in orders {
        assert!(answer.status.is_success(), "{}", answer.body);
        ids.push(answer.body["id"].as_str().unwrap().to_owned());
    }
    let mut settled = Vec::new();
    for id in &ids {
        let path = format!("/api/v1/orders/{id}");
        eventually(
            "every order has an end",
            Duration::from_secs(20),
            async || customer.get(&path).await.expect(200)["status"] != "pending",
        )
        .await;
        settled.push(customer.get(&path).await.expect(200));
    }
    let count = |status: &str| {
        settled
            .iter()
            .filter(|order| order["status"] == status)
            .count()
    };
    assert_eq!((count("paid"), count("cancelled")), (10, 40));
    assert_eq!(available(lab, &product).await, 0);
    lab.assert_balanced("after the rush");
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_and_another_body_is_refused() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    let send = |quantity| {
        let body = Some(order_body(&product, quantity, "tok_visa").to_string());
        let customer = customer.clone();
        async move {
            let key = [("idempotency-key", "the-one-key")];
            customer
                .send(Method::POST, "/api/v1/orders", body, &key)
                .await
        }
    };
    let first = send(1).await;
    assert!(!first.headers.contains_key("idempotency-replayed"));
    let again = send(1).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(send(2).await.expect(422)["code"], "idempotency_key_reused");
    assert_eq!(available(lab, &product).await, 4);
}

#[tokio::test]
async fn twenty_equal_requests_at_once_make_one_order() {
    let lab = shared().await;
    let product = product_with_stock(lab, 50).await;
    let customer = Person::customer(lab).await;
    let body = order_body(&product, 1, "tok_visa").to_string();
    let key = [("idempotency-key", "all-at-once")];
    let send = || customer.send(Method::POST, "/api/v1/orders", Some(body.clone()), &key);

    let answers = join_all((0..20).map(|_| send())).await;

    let made: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert!(!made.is_empty());
    assert!(
        made.iter()
            .all(|answer| answer.body["id"] == made[0].body["id"])
    );
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (409, &json!("idempotency_in_progress"))
        );
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(available(lab, &product).await, 49);
}

#[tokio::test]
async fn a_paid_order_can_be_cancelled_and_everything_goes_back() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    let order = customer.order(&product, 3, "tok_visa").await.expect(201);
    let id = order["id"].as_str().unwrap();
    let cancel = format!("/api/v1/orders/{id}/cancel");

    let cancelled = customer
        .post(&cancel, &json!({ "reason": "changed my mind" }))
        .await
        .expect(200);

    assert_eq!(
        (&cancelled["status"], &cancelled["reason"]),
        (&json!("cancelled"), &json!("customer_request"))
    );
    let payment = customer
        .get(&format!("/api/v1/payments/order/{id}"))
        .await
        .expect(200);
    assert_eq!(payment["status"], "refunded");
    assert_eq!(available(lab, &product).await, 5);
    let again = customer
        .post(&cancel, &json!({ "reason": "again" }))
        .await
        .expect(409);
    assert_eq!(again["code"], "order_state_conflict");
}

#[tokio::test]
async fn owners_see_their_orders_and_nobody_else_does() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let (owner, stranger) = (Person::customer(lab).await, Person::customer(lab).await);
    let order = owner.order(&product, 1, "tok_visa").await.expect(201);
    let id = order["id"].as_str().unwrap();
    for path in [
        format!("/api/v1/orders/{id}"),
        format!("/api/v1/orders/{id}/history"),
    ] {
        assert_eq!(owner.get(&path).await.status, 200);
        assert_eq!(
            stranger.get(&path).await.expect(404)["code"],
            "order_not_found"
        );
        assert_eq!(
            Person::administrator(lab).await.get(&path).await.status,
            200
        );
    }
    let reason = json!({ "reason": "not mine" });
    stranger
        .post(&format!("/api/v1/orders/{id}/cancel"), &reason)
        .await
        .expect(404);
    let listed = stranger.get("/api/v1/orders").await.expect(200);
    assert_eq!(listed["total"], 0);
    let others = format!("/api/v1/orders?user_id={}", owner.id);
    assert_eq!(
        stranger.get(&others).await.expect(403)["code"],
        "role_missing"
    );
}

#[tokio::test]
async fn lists_page_and_filter_and_analytics_add_up() {
    let lab = shared().await;
    let product = product_with_stock(lab, 20).await;
    let customer = Person::customer(lab).await;
    for token in ["tok_visa", "tok_visa", "tok_visa", "tok_chargeDeclined"] {
        customer.order(&product, 1, token).await.expect(201);
    }
    let page = customer
        .get("/api/v1/orders?page=2&limit=3")
        .await
        .expect(200);
    assert_eq!(
        (&page["total"], page["items"].as_array().unwrap().len()),
        (&json!(4), 1)
    );
    let paid = customer.get("/api/v1/orders?status=paid").await.expect(200);
    assert_eq!(paid["total"], 3);
    let numbers = customer.get("/api/v1/orders/analytics").await.expect(200);
    assert_eq!(
        (
            &numbers["by_status"]["paid"],
            &numbers["by_status"]["cancelled"]
        ),
        (&json!(3), &json!(1))
    );
    assert_eq!(numbers["totals"][0]["spent"]["amount"], 3750);
}

#[tokio::test]
async fn an_order_is_shipped_and_delivered_by_the_shop_and_its_history_tells() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let (customer, shop) = (
        Person::customer(lab).await,
        Person::administrator(lab).await,
    );
    let order = customer.order(&product, 1, "tok_visa").await.expect(201);
    let id = order["id"].as_str().unwrap();
    let path = format!("/api/v1/orders/{id}/status");
    let set = |who: Person, status: &str| {
        let (path, body) = (path.clone(), json!({ "status": status }).to_string());
        async move { who.send(Method::PATCH, &path, Some(body), &[]).await }
    };
    assert_eq!(
        set(customer.clone(), "shipped").await.expect(403)["code"],
        "role_missing"
    );
    set(shop.clone(), "delivered").await.expect(409);
    set(shop.clone(), "shipped").await.expect(200);
    set(shop.clone(), "delivered").await.expect(200);
    let cancel = json!({ "reason": "too late" });
    customer
        .post(&format!("/api/v1/orders/{id}/cancel"), &cancel)
        .await
        .expect(409);
    let history = customer
        .get(&format!("/api/v1/orders/{id}/history"))
        .await
        .expect(200);
    let types: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "OrderCreated",
            "OrderPaid",
            "OrderStatusChanged",
            "OrderStatusChanged"
        ]
    );
}
