//! What order relies on: names and prices of product, stock of inventory, money of payment, and the events of payment.

mod payment;

use std::net::TcpListener;

use chassis::{
    config::Env,
    money::{Currency, Money},
    service::{self, Running},
};
use order::neighbours::{Answer, Line, Neighbours, OrderId};
use pact_consumer::{builders::InteractionBuilder, prelude::HttpPartBuilder as _, *};

use crate::{
    recording::{Mock, Recording, asked},
    words::{
        ORDER, PRODUCT, answers, at, called_by, cannot_now, finds_flaw, given_member, money,
        refuses, uuid,
    },
};

/// The clients as the service makes them, all of them pointed at one address.
struct Clients {
    to: Neighbours,
    _service: Running,
}

async fn clients(url: &str) -> Clients {
    let env = Env::from_pairs([
        ("EDGE_PRODUCT_URL", url),
        ("EDGE_INVENTORY_URL", url),
        ("EDGE_PAYMENT_URL", url),
        ("SERVICE_TOKEN_KEY", "a-key-of-thirty-two-bytes-or-more"),
    ]);
    let service = service::start("order", env, |_| async { Ok(axum::Router::new()) });
    let service = service.await.unwrap();
    Clients {
        to: Neighbours::from_env(service.context()).unwrap(),
        _service: service,
    }
}

async fn of(mock: &Mock) -> Clients {
    clients(mock.url().as_str()).await
}

/// Accepts connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn lines(quantity: u32) -> [Line; 1] {
    [Line {
        product_id: PRODUCT,
        name: "Teapot".to_owned(),
        quantity,
        unit_price: Money::new(2_500, Currency::Eur),
    }]
}

fn refused<T: std::fmt::Debug>(answer: &Answer<T>) -> &str {
    match answer {
        Answer::Refused(refusal) => &refusal.code,
        other => panic!("{other:?}"),
    }
}

fn batch(i: &mut InteractionBuilder) {
    called_by(i, "the service order");
    i.request
        .post()
        .path("/api/v1/products/batch")
        .content_type("application/json")
        .json_body(json_pattern!({ "ids": [uuid(PRODUCT)] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_product() {
    let mut pact = Recording::between("order", "product");

    let mock = pact.expect([asked("the products of a basket", |i| {
        i.given("a product is sold");
        batch(i);
        given_member(i, "$.ids[0]", "product_id");
        let product =
            json_pattern!({ "id": uuid(PRODUCT), "name": like!("Teapot"), "price": money(2_500) });
        answers(i, 200, json_pattern!({ "items": [product] }));
    })]);
    let products = of(&mock).await.to.product.batch(&[PRODUCT]).await.unwrap();
    assert_eq!(products[&PRODUCT].price, Money::new(2_500, Currency::Eur));
    drop(mock);

    let mock = pact.expect([asked("a basket of products that nobody sells", |i| {
        batch(i);
        answers(i, 200, json_pattern!({ "items": [] }));
    })]);
    let products = of(&mock).await.to.product.batch(&[PRODUCT]).await.unwrap();
    assert!(products.is_empty());
    drop(mock);

    let mock = pact.expect([asked("the products of a basket, too late", |i| {
        batch(i);
        too_late(i);
    })]);
    let error = of(&mock)
        .await
        .to
        .product
        .batch(&[PRODUCT])
        .await
        .unwrap_err();
    assert!(error.to_string().contains("503"), "{error}");
    drop(mock);
    pact.finish();
}

/// The caller's deadline is over when the request arrives: the one way to a 503 that needs no fault.
fn too_late(i: &mut InteractionBuilder) {
    i.request.header("x-deadline-ms", term!("^[0-9]+$", "0"));
    cannot_now(i, 503, "deadline_exceeded");
}

fn reserve(i: &mut InteractionBuilder, quantity: i64) {
    called_by(i, "the service order");
    i.request.put();
    at(i, "/api/v1/inventory/reservations/", "order_id", ORDER, "");
    let item = json_pattern!({ "product_id": uuid(PRODUCT), "quantity": quantity });
    i.request
        .content_type("application/json")
        .json_body(json_pattern!({ "items": [item] }));
    given_member(i, "$.items[0].product_id", "product_id");
}

fn settle(i: &mut InteractionBuilder, action: &str) {
    called_by(i, "the service order");
    i.request.post();
    at(
        i,
        "/api/v1/inventory/reservations/",
        "order_id",
        ORDER,
        action,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn order_and_inventory_reserve() {
    let mut pact = Recording::between("order", "inventory");
    let order = OrderId(ORDER);

    let mock = pact.expect([asked("a reservation of what there is", |i| {
        i.given("a product with stock and a new order");
        reserve(i, 2);
        i.response.status(201);
    })]);
    let answer = of(&mock).await.to.inventory.reserve(order, &lines(2)).await;
    assert!(matches!(answer, Answer::Done(())), "{answer:?}");
    drop(mock);

    let mock = pact.expect([asked("a reservation that was made before", |i| {
        i.given("an order with a reservation");
        reserve(i, 2);
        i.response.status(200);
    })]);
    let answer = of(&mock).await.to.inventory.reserve(order, &lines(2)).await;
    assert!(matches!(answer, Answer::Done(())), "{answer:?}");
    drop(mock);

    let mock = pact.expect([asked("a reservation of what is sold out", |i| {
        i.given("a product without stock and a new order");
        reserve(i, 2);
        finds_flaw(i, "out_of_stock", 409, &PRODUCT.to_string());
    })]);
    let answer = of(&mock).await.to.inventory.reserve(order, &lines(2)).await;
    assert_eq!(refused(&answer), "out_of_stock");
    drop(mock);

    let mock = pact.expect([asked("a reservation for an order that was undone", |i| {
        i.given("an order whose reservation was released");
        reserve(i, 2);
        refuses(i, 409, "reservation_closed");
    })]);
    let answer = of(&mock).await.to.inventory.reserve(order, &lines(2)).await;
    assert_eq!(refused(&answer), "reservation_closed");
    drop(mock);

    let mock = pact.expect([asked(
        "a reservation of more than any order may have",
        |i| {
            i.given("a product with stock and a new order");
            reserve(i, 10_001);
            finds_flaw(i, "validation_failed", 422, "items[0].quantity");
        },
    )]);
    let answer = of(&mock)
        .await
        .to
        .inventory
        .reserve(order, &lines(10_001))
        .await;
    assert_eq!(refused(&answer), "validation_failed");
    drop(mock);

    let mock = pact.expect([asked("a reservation, too late", |i| {
        i.given("a product with stock and a new order");
        reserve(i, 2);
        too_late(i);
    })]);
    let answer = of(&mock).await.to.inventory.reserve(order, &lines(2)).await;
    assert!(matches!(answer, Answer::Unknown(_)), "{answer:?}");
    drop(mock);

    commit_and_release(&mut pact).await;
    pact.finish();
}

async fn commit_and_release(pact: &mut Recording) {
    let order = OrderId(ORDER);
    let mock = pact.expect([asked("a reservation becomes a sale", |i| {
        i.given("an order with a reservation");
        settle(i, "/commit");
        i.response.status(200);
    })]);
    let answer = of(&mock).await.to.inventory.commit(order).await;
    assert!(matches!(answer, Answer::Done(())), "{answer:?}");
    drop(mock);

    let mock = pact.expect([asked("a sale of what was given back", |i| {
        i.given("an order whose reservation was released");
        settle(i, "/commit");
        refuses(i, 409, "reservation_closed");
    })]);
    let answer = of(&mock).await.to.inventory.commit(order).await;
    assert_eq!(refused(&answer), "reservation_closed");
    drop(mock);

    let mock = pact.expect([asked("a sale of what was never reserved", |i| {
        i.given("a product with stock and a new order");
        settle(i, "/commit");
        refuses(i, 404, "reservation_not_found");
    })]);
    let answer = of(&mock).await.to.inventory.commit(order).await;
    assert_eq!(refused(&answer), "reservation_not_found");
    drop(mock);

    let mock = pact.expect([asked("a reservation is given back", |i| {
        i.given("an order with a reservation");
        settle(i, "/release");
        i.response.status(200);
    })]);
    let answer = of(&mock).await.to.inventory.release(order).await;
    assert!(matches!(answer, Answer::Done(())), "{answer:?}");
    drop(mock);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_leaves_the_step_open() {
    let (_listener, url) = silent();
    let clients = clients(&url).await;
    let (inventory, order) = (&clients.to.inventory, OrderId(ORDER));
    let answer = inventory.reserve(order, &lines(1)).await;
    assert!(matches!(answer, Answer::Unknown(_)), "{answer:?}");
    let error = clients.to.product.batch(&[PRODUCT]).await.unwrap_err();
    assert!(error.may_have_happened(), "{error}");
}
