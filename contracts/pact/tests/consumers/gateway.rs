//! What the gateway relies on: that each service is where the route table says, takes the token that came with the
//! request, and says in problem+json what it cannot do. It reads no bodies, so it relies on none.

use chassis::{
    config::Env,
    service::{self, Running},
    testing::{self, auth::TestAuth},
};
use pact_consumer::{builders::InteractionBuilder, prelude::HttpPartBuilder as _, *};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    recording::{Mock, Recording, asked},
    words::{ORDER, PRODUCT, answers, at, called_by, cannot_now, refuses, text, uuid},
};

const UPSTREAMS: [&str; 6] = [
    "user",
    "product",
    "inventory",
    "order",
    "payment",
    "notification",
];

/// A gateway in front of one mock service.
struct Door {
    auth: TestAuth,
    running: Running,
    http: Client,
}

impl Door {
    async fn to(mock: &Mock, jwks_url: Option<String>) -> Self {
        let auth = TestAuth::start().await;
        let mut env = auth.env();
        env.push(("REDIS_URL".to_owned(), testing::env("TEST_REDIS_URL")));
        let provider = mock.url().to_string();
        env.extend(UPSTREAMS.map(|name| {
            (
                format!("EDGE_{}_URL", name.to_uppercase()),
                provider.clone(),
            )
        }));
        env.extend(jwks_url.map(|url| ("JWKS_URL".to_owned(), url)));
        let running = service::start("gateway", Env::from_pairs(env), gateway::app::build)
            .await
            .unwrap();
        Self {
            auth,
            running,
            http: http_client(),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = format!("{}{path}", self.running.url());
        let token = self.auth.user_token(Uuid::now_v7(), &["customer", "admin"]);
        let mut request = self.http.request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a customer has no edge and no policy"
)]
fn http_client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

/// Sends a read on and gives back its status.
async fn status_of(mock: Mock, path: &str) -> u16 {
    let door = Door::to(&mock, None).await;
    door.ask(Method::GET, path, None).await.status().as_u16()
}

fn read(i: &mut InteractionBuilder, who: &str, path: &str) {
    called_by(i, who);
    i.request.path(path);
}

fn too_late(i: &mut InteractionBuilder) {
    i.request.header("x-deadline-ms", term!("^[0-9]+$", "0"));
    cannot_now(i, 503, "deadline_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_user() {
    let mut pact = Recording::between("gateway", "user");
    let mock = pact.expect([asked(
        "the keys that access tokens are verified with",
        |i| {
            i.request.path("/.well-known/jwks.json");
            let key = json_pattern!({
                "kty": text("^RSA$", "RSA"),
                "alg": text("^RS256$", "RS256"),
                    "kid": text("^[!-~]+$", "a-key"),
                "n": text("^[A-Za-z0-9_-]{342,}$", &format!("{}Q", "x".repeat(341))),
                "e": text("^[A-Za-z0-9_-]+$", "AQAB"),
            });
            answers(i, 200, json_pattern!({ "keys": each_like!(key) }));
        },
    )]);
    // The token is of another key: it is refused because the keys could be read, and it was none of them.
    let jwks = mock.path("/.well-known/jwks.json").to_string();
    let door = Door::to(&mock, Some(jwks)).await;
    let answer = door.ask(Method::GET, "/api/v1/users/me", None).await;
    assert_eq!(answer.status(), 401);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "token_invalid");
    drop(mock);

    let mock = pact.expect([asked("a customer's own profile", |i| {
        read(i, "a customer", "/api/v1/users/me");
        answers(i, 200, json_pattern!({ "id": uuid(ORDER) }));
    })]);
    assert_eq!(status_of(mock, "/api/v1/users/me").await, 200);

    let mock = pact.expect([asked("a login with a wrong password", |i| {
        i.request
            .post()
            .path("/api/v1/auth/login")
            .content_type("application/json")
            .json_body(json_pattern!({
                "email": text("^[^@ ]+@[^@ ]+$", "nobody@example.com"), "password": like!("a wrong password"),
            }));
        refuses(i, 401, "credentials_invalid");
    })]);
    let door = Door::to(&mock, None).await;
    let body = json!({ "email": "nobody@example.com", "password": "a wrong password" });
    let answer = door
        .ask(Method::POST, "/api/v1/auth/login", Some(body))
        .await;
    assert_eq!(answer.status(), 401);
    drop(mock);
    pact.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_product() {
    let mut pact = Recording::between("gateway", "product");
    let mock = pact.expect([asked("a page of the catalogue", |i| {
        i.given("a product is sold");
        read(i, "a customer", "/api/v1/products");
        i.request.query_param("page", "1").query_param("limit", "20");
        let page = json_pattern!({ "items": each_like!({ "id": uuid(PRODUCT) }), "page": 1, "limit": 20, "total": like!(1) });
        answers(i, 200, page);
    })]);
    assert_eq!(
        status_of(mock, "/api/v1/products?page=1&limit=20").await,
        200
    );

    let path = format!("/api/v1/products/{PRODUCT}");
    let mock = pact.expect([asked("a product that is not there", |i| {
        read(i, "a customer", &path);
        refuses(i, 404, "product_not_found");
    })]);
    assert_eq!(status_of(mock, &path).await, 404);

    let mock = pact.expect([asked("a product, too late", |i| {
        read(i, "a customer", &path);
        too_late(i);
    })]);
    assert_eq!(status_of(mock, &path).await, 503);

    let mock = pact.expect([asked("a new product from somebody who may not", |i| {
        called_by(i, "a customer");
        i.request
            .post()
            .path("/api/v1/products")
            .content_type("application/json")
            .json_body(json_pattern!({
                "sku": "TEAPOT-1", "name": "Teapot", "category": "kitchen", "price": { "amount": 1, "currency": "EUR" },
            }));
        refuses(i, 403, "role_missing");
    })]);
    let door = Door::to(&mock, None).await;
    let body = json!({
        "sku": "TEAPOT-1", "name": "Teapot", "category": "kitchen", "price": { "amount": 1, "currency": "EUR" },
    });
    let answer = door.ask(Method::POST, "/api/v1/products", Some(body)).await;
    assert_eq!(answer.status(), 403);
    drop(mock);
    pact.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_inventory() {
    let mut pact = Recording::between("gateway", "inventory");
    let path = format!("/api/v1/inventory/{PRODUCT}");
    let mock = pact.expect([asked("the stock of a product", |i| {
        i.given("a product with stock and a new order");
        called_by(i, "a customer");
        at(i, "/api/v1/inventory/", "product_id", PRODUCT, "");
        answers(
            i,
            200,
            json_pattern!({ "product_id": uuid(PRODUCT), "available": like!(9) }),
        );
    })]);
    assert_eq!(status_of(mock, &path).await, 200);

    let mock = pact.expect([asked("the stock of what was never stocked", |i| {
        read(i, "a customer", &path);
        refuses(i, 404, "stock_not_found");
    })]);
    assert_eq!(status_of(mock, &path).await, 404);
    pact.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_order() {
    let mut pact = Recording::between("gateway", "order");
    let mock = pact.expect([asked("a customer's orders", |i| {
        read(i, "a customer", "/api/v1/orders");
        answers(
            i,
            200,
            json_pattern!({ "items": [], "page": 1, "total": 0 }),
        );
    })]);
    assert_eq!(status_of(mock, "/api/v1/orders").await, 200);

    let path = format!("/api/v1/orders/{ORDER}");
    let mock = pact.expect([asked("an order that is not there", |i| {
        read(i, "a customer", &path);
        refuses(i, 404, "order_not_found");
    })]);
    assert_eq!(status_of(mock, &path).await, 404);

    let mock = pact.expect([asked("an order, too late", |i| {
        read(i, "a customer", &path);
        too_late(i);
    })]);
    assert_eq!(status_of(mock, &path).await, 503);
    pact.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_payment() {
    let mut pact = Recording::between("gateway", "payment");
    let path = format!("/api/v1/payments/order/{ORDER}");
    let mock = pact.expect([asked("the payment of an order", |i| {
        i.given("an order that was paid with tok_visa");
        called_by(i, "an administrator");
        at(i, "/api/v1/payments/order/", "order_id", ORDER, "");
        answers(
            i,
            200,
            json_pattern!({ "order_id": uuid(ORDER), "status": "captured" }),
        );
    })]);
    assert_eq!(status_of(mock, &path).await, 200);

    let mock = pact.expect([asked("the payment of an order that nobody paid", |i| {
        read(i, "a customer", &path);
        refuses(i, 404, "payment_not_found");
    })]);
    assert_eq!(status_of(mock, &path).await, 404);
    pact.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn gateway_and_notification() {
    let mut pact = Recording::between("gateway", "notification");
    let mock = pact.expect([asked(
        "mails that were sent to a customer who just came",
        |i| {
            read(i, "a customer", "/api/v1/notifications");
            answers(i, 200, json_pattern!({ "page": 1, "limit": like!(20) }));
        },
    )]);
    assert_eq!(status_of(mock, "/api/v1/notifications").await, 200);

    let preferences =
        json_pattern!({ "order_updates": like!(true), "payment_updates": like!(true) });
    let mock = pact.expect([asked("what a customer wants to hear of", |i| {
        read(i, "a customer", "/api/v1/notifications/preferences");
        answers(i, 200, preferences);
    })]);
    assert_eq!(
        status_of(mock, "/api/v1/notifications/preferences").await,
        200
    );

    let mock = pact.expect([asked("what a customer wants to hear of, too late", |i| {
        read(i, "a customer", "/api/v1/notifications/preferences");
        too_late(i);
    })]);
    assert_eq!(
        status_of(mock, "/api/v1/notifications/preferences").await,
        503
    );
    pact.finish();
}
