//! What the load generator relies on: the shop's door, as a customer knows it.

mod neighbours;

use std::{sync::Arc, time::Instant};

use loadtest::{
    account::Account,
    door::{Answer, Ask, Door, Moment},
    fault::{Fault, Kind},
    recorder::Recorder,
    scenario::{Order, VISA, ask},
};
use pact_consumer::{
    builders::InteractionBuilder,
    prelude::{HttpPartBuilder as _, JsonPattern},
    *,
};
use pacts::examples::PASSWORD;

use crate::{
    recording::{Mock, Recording, asked},
    words::{
        ORDER, PAYMENT, PRODUCT, USER, answers, at, called_by, cannot_now, given_member, refuses,
        text, uuid,
    },
};

const EMAIL: &str = "customer-1@faultline.test";

fn door(mock: &Mock) -> Door {
    Door::new(mock.url().as_str(), Arc::new(Recorder::default())).unwrap()
}

fn now() -> Moment {
    Moment {
        scenario: "pact",
        intended: Instant::now(),
    }
}

async fn send<T>(
    mock: &Mock,
    ask: Ask,
    read: impl FnOnce(&Answer) -> Result<T, String>,
) -> Result<T, Fault> {
    let ask = ask.with_token("a.token.of-it".into());
    door(mock).send(ask, now(), read).await
}

fn status(answer: &Answer) -> Result<u16, String> {
    Ok(answer.status)
}

fn credentials(i: &mut InteractionBuilder, path: &str, body: JsonPattern) {
    i.request
        .post()
        .path(path)
        .content_type("application/json")
        .json_body(body);
    given_member(i, "$.email", "email");
}

fn email() -> JsonPattern {
    text("^[^@ ]+@[^@ ]+$", EMAIL)
}

fn session(expires_in: i64) -> JsonPattern {
    json_pattern!({
        "access_token": text(r"^[!-~]+$", "a.token.of-it"),
        "refresh_token": text(r"^[!-~]+$", "a-refresh-token"),
        "expires_in": like!(expires_in),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn loadtest_and_gateway() {
    let mut pact = Recording::between("loadtest", "gateway");
    sessions(&mut pact).await;
    browsing(&mut pact).await;
    orders(&mut pact).await;
    refusals(&mut pact).await;
    neighbours::fail(&mut pact).await;
    pact.finish();
}

async fn sessions(pact: &mut Recording) {
    let mock = pact.expect([asked("a registration", |i| {
        i.given("somebody without an account");
        let body = json_pattern!({ "email": email(), "password": PASSWORD, "name": "Customer" });
        credentials(i, "/api/v1/auth/register", body);
        answers(i, 201, json_pattern!({ "user": { "email": email() } }));
    })]);
    Account::register(&door(&mock), now(), EMAIL, PASSWORD)
        .await
        .unwrap();
    drop(mock);

    let login = |i: &mut InteractionBuilder| {
        i.given("somebody with an account");
        let body = json_pattern!({ "email": email(), "password": PASSWORD });
        credentials(i, "/api/v1/auth/login", body);
    };
    let mock = pact.expect([
        asked("a login", |i| {
            login(i);
            // In the example it is over at once, so that the client renews it.
            answers(i, 200, session(0));
        }),
        asked("a session is renewed", |i| {
            i.given("somebody with a session");
            let token = text(r"^[!-~]+$", "a-refresh-token");
            i.request
                .post()
                .path("/api/v1/auth/refresh")
                .content_type("application/json")
                .json_body(json_pattern!({ "refresh_token": token }));
            given_member(i, "$.refresh_token", "refresh_token");
            answers(i, 200, session(900));
        }),
    ]);
    let account = Account::begin(&door(&mock), now(), EMAIL, PASSWORD)
        .await
        .unwrap();
    let token = account.token(&door(&mock), "pact").await.unwrap();
    assert_eq!(&*token, "a.token.of-it");
    drop(mock);
}

async fn browsing(pact: &mut Recording) {
    let mock = pact.expect([asked("a page of what is sold", |i| {
        i.given("a product that can be ordered");
        called_by(i, "a customer");
        i.request
            .path("/api/v1/products")
            .query_param("page", "1")
            .query_param("limit", "20");
        let product = json_pattern!({
            "id": uuid(PRODUCT), "name": like!("Teapot"), "category": like!("kitchen"),
            "description": like!("Pours."), "version": like!(1), "price": like!({ "amount": 500, "currency": "EUR" }),
        });
        answers(i, 200, json_pattern!({ "items": each_like!(product), "page": 1, "total": like!(1) }));
    })]);
    let page = Ask::get("GET /products", "/api/v1/products?page=1&limit=20");
    assert_eq!(send(&mock, page, status).await, Ok(200));
    drop(mock);

    let mock = pact.expect([asked("how many there are of a product", |i| {
        i.given("a product that can be ordered");
        called_by(i, "a customer");
        at(i, "/api/v1/inventory/", "product_id", PRODUCT, "");
        let stock = json_pattern!({
            "product_id": uuid(PRODUCT), "received": like!(9), "available": like!(9), "reserved": like!(0), "sold": like!(0),
        });
        answers(i, 200, stock);
    })]);
    let stock = Ask::get(
        "GET /inventory/{id}",
        format!("/api/v1/inventory/{PRODUCT}"),
    );
    assert_eq!(send(&mock, stock, status).await, Ok(200));
    drop(mock);
}

fn view(status: &str) -> JsonPattern {
    json_pattern!({
        "id": uuid(ORDER),
        "user_id": uuid(USER),
        "status": status,
        "items": [{
            "product_id": uuid(PRODUCT),
            "quantity": 1,
            "unit_price": like!({ "amount": 500 }),
            "line_total": like!({ "amount": 500 }),
        }],
        "total": like!({ "amount": 500 }),
        "refunded": like!({ "amount": 0 }),
    })
}

async fn orders(pact: &mut Recording) {
    let mock = pact.expect([asked("an order", |i| {
        i.given("a product that can be ordered");
        called_by(i, "a customer");
        let key = term!("^[0-9a-f-]{36}$", PAYMENT.to_string());
        i.request
            .post()
            .path("/api/v1/orders")
            .header_from_provider_state("idempotency-key", "${key}", key)
            .content_type("application/json")
            .json_body(json_pattern!({
                "items": [{ "product_id": uuid(PRODUCT), "quantity": 1 }],
                "payment": { "token": "tok_visa", "provider": "stripe" },
            }));
        given_member(i, "$.items[0].product_id", "product_id");
        answers(i, 201, view("paid"));
    })]);
    let order = send(&mock, ask(PRODUCT, VISA, 1), Order::read)
        .await
        .unwrap();
    assert_eq!(order.outcome(), "paid");
    drop(mock);

    let path = format!("/api/v1/orders/{ORDER}");
    let mock = pact.expect([asked("a look at an order", |i| {
        i.given("an order that its customer paid for");
        called_by(i, "that customer");
        at(i, "/api/v1/orders/", "order_id", ORDER, "");
        answers(i, 200, view("paid"));
    })]);
    let order = send(&mock, Ask::get("GET /orders/{id}", &path), Order::read)
        .await
        .unwrap();
    assert_eq!(order.id, ORDER);
    drop(mock);

    let mock = pact.expect([asked("an order is cancelled", |i| {
        i.given("an order that its customer paid for");
        called_by(i, "that customer");
        i.request.post();
        at(i, "/api/v1/orders/", "order_id", ORDER, "/cancel");
        i.request
            .content_type("application/json")
            .json_body(json_pattern!({ "reason": "changed my mind" }));
        answers(i, 200, view("cancelled"));
    })]);
    let body = serde_json::json!({ "reason": "changed my mind" });
    let cancel = Ask::post("POST /orders/{id}/cancel", format!("{path}/cancel"), body);
    let order = send(&mock, cancel, Order::read).await.unwrap();
    assert_eq!(order.status, "cancelled");
    drop(mock);

    let mock = pact.expect([asked("what a customer's orders came to", |i| {
        i.given("an order that its customer paid for");
        called_by(i, "that customer");
        i.request.path("/api/v1/orders/analytics");
        answers(
            i,
            200,
            json_pattern!({ "orders": like!(1), "by_status": { "paid": like!(1) } }),
        );
    })]);
    let sums = Ask::get("GET /orders/analytics", "/api/v1/orders/analytics");
    assert_eq!(send(&mock, sums, status).await, Ok(200));
    drop(mock);
}

async fn refusals(pact: &mut Recording) {
    let mock = pact.expect([asked("one request more than a customer may send", |i| {
        i.given("a customer who asks without end");
        let bearer = term!("^Bearer [!-~]+$", "Bearer a.token.of-it");
        i.request
            .path("/api/v1/users/me")
            .header_from_provider_state("authorization", "Bearer ${token}", bearer);
        cannot_now(i, 429, "too_many_requests");
        i.response.header("x-ratelimit-remaining", "0");
    })]);
    let me = Ask::get("GET /users/me", "/api/v1/users/me");
    let fault = send(&mock, me, status).await.unwrap_err();
    assert_eq!(fault.kind, Kind::Limited);
    drop(mock);

    let mock = pact.expect([asked("somebody else's order", |i| {
        called_by(i, "a customer");
        i.request.path(format!("/api/v1/orders/{ORDER}"));
        refuses(i, 404, "order_not_found");
    })]);
    let foreign = Ask::get("GET /orders/{foreign}", format!("/api/v1/orders/{ORDER}"));
    assert_eq!(
        send(&mock, foreign.expecting(&[404]), status).await,
        Ok(404)
    );
    drop(mock);

    let mock = pact.expect([asked("a session that there is not", |i| {
        i.request
            .path("/api/v1/users/me")
            .header("authorization", "Bearer a.token.of-it");
        refuses(i, 401, "token_invalid");
    })]);
    let me = Ask::get("GET /users/me", "/api/v1/users/me");
    let fault = send(&mock, me, status).await.unwrap_err();
    assert_eq!(fault.text, "401 token_invalid");
    drop(mock);
}
