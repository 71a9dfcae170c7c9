//! Whatever is thrown at the door: a problem document with a code and a request id, and nothing changed.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    client::{Answer, Person, order_body, product_with_stock},
    lab::shared,
};

fn assert_problem(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.body);
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{what}"
    );
    for field in ["type", "title", "detail", "code", "request_id"] {
        assert!(
            answer.body[field].is_string(),
            "{what} lacks {field}: {}",
            answer.body
        );
    }
    let sent = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.body["request_id"], sent, "{what}");
    let trace = answer.headers["x-trace-id"].to_str().unwrap();
    assert_eq!(
        (trace.len(), answer.body["trace_id"].as_str()),
        (32, Some(trace)),
        "{what}"
    );
}

#[tokio::test]
async fn bad_orders_are_refused_with_the_field_and_change_nothing() {
    let lab = shared().await;
    let product = product_with_stock(lab, 5).await;
    let customer = Person::customer(lab).await;
    let good = order_body(&product, 1, "tok_visa");
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body.to_string()
    };
    let thousand: Vec<Value> = (0..1000)
        .map(|_| json!({ "product_id": Uuid::now_v7(), "quantity": 1 }))
        .collect();
    let twice = json!([good["items"][0], good["items"][0]]);
    for (what, body, status) in [
        ("malformed", "{".to_owned(), 400),
        ("empty", String::new(), 400),
        ("array", "[]".to_owned(), 422),
        ("null", "null".to_owned(), 422),
        ("no items", with("/items", json!([])), 422),
        ("items of the wrong type", with("/items", json!("all")), 422),
        ("1,000 items", with("/items", json!(thousand)), 422),
        ("the same product twice", with("/items", twice), 422),
        (
            "unknown product",
            with("/items/0/product_id", json!(Uuid::now_v7())),
            422,
        ),
        (
            "product id of the wrong form",
            with("/items/0/product_id", json!("teapot")),
            422,
        ),
        ("quantity 0", with("/items/0/quantity", json!(0)), 422),
        (
            "negative quantity",
            with("/items/0/quantity", json!(-1)),
            422,
        ),
        (
            "absurd quantity",
            with("/items/0/quantity", json!(1e300)),
            422,
        ),
        (
            "fractional quantity",
            with("/items/0/quantity", json!(1.5)),
            422,
        ),
        ("large quantity", with("/items/0/quantity", json!(101)), 422),
        (
            "quantity as text",
            with("/items/0/quantity", json!("1")),
            422,
        ),
        (
            "empty payment token",
            with("/payment/token", json!("")),
            422,
        ),
        (
            "a card number",
            with("/payment/token", json!("4242424242424242")),
            422,
        ),
        (
            "unknown provider",
            with("/payment", json!({ "token": "tok_visa", "provider": "x" })),
            422,
        ),
        (
            "no payment",
            json!({ "items": good["items"] }).to_string(),
            422,
        ),
    ] {
        let answer = customer
            .send(Method::POST, "/api/v1/orders", Some(body), &[])
            .await;
        assert_problem(&answer, status, what);
        if status == 422 {
            assert!(
                !answer.body["errors"].as_array().unwrap().is_empty(),
                "{what}: {}",
                answer.body
            );
        }
    }
    assert_eq!(customer.get("/api/v1/orders").await.expect(200)["total"], 0);
}

#[tokio::test]
async fn the_door_answers_every_kind_of_nonsense_in_one_form() {
    let lab = shared().await;
    let customer = Person::customer(lab).await;
    let large = format!("\"{}\"", "x".repeat(1_200_000));
    let text = [("content-type", "text/plain")];
    let none: [(&str, &str); 0] = [];
    for (what, method, path, body, headers, status) in [
        (
            "unknown path",
            "GET",
            "/api/v1/unicorns",
            None,
            &none[..],
            404,
        ),
        ("unknown root", "GET", "/nothing", None, &none, 404),
        ("unknown version", "GET", "/api/v9/orders", None, &none, 404),
        (
            "unknown order",
            "GET",
            "/api/v1/orders/0198c0de-0000-7000-8000-000000000000",
            None,
            &none,
            404,
        ),
        (
            "id of the wrong form",
            "GET",
            "/api/v1/orders/teapot",
            None,
            &none,
            404,
        ),
        ("wrong method", "DELETE", "/api/v1/orders", None, &none, 405),
        (
            "wrong method on a product",
            "POST",
            "/api/v1/auth/validate",
            Some("{}"),
            &none,
            405,
        ),
        (
            "wrong content type",
            "POST",
            "/api/v1/orders",
            Some("{}"),
            &text,
            415,
        ),
        (
            "body over 1 MB",
            "POST",
            "/api/v1/orders",
            Some(large.as_str()),
            &none,
            413,
        ),
        ("page 0", "GET", "/api/v1/orders?page=0", None, &none, 422),
        (
            "limit of the wrong type",
            "GET",
            "/api/v1/orders?limit=many",
            None,
            &none,
            422,
        ),
        (
            "unknown status",
            "GET",
            "/api/v1/orders?status=lost",
            None,
            &none,
            422,
        ),
        (
            "dot segments",
            "GET",
            "/api/v1/products/..%2forders",
            None,
            &none,
            400,
        ),
        (
            "internal route",
            "PUT",
            "/api/v1/inventory/reservations/0198c0de-0000-7000-8000-000000000000",
            Some("{\"items\":[]}"),
            &none,
            404,
        ),
        (
            "somebody else's role",
            "GET",
            "/api/v1/orders/read-model",
            None,
            &none,
            403,
        ),
    ] {
        let body = body.map(str::to_owned);
        let answer = customer
            .send(method.parse().unwrap(), path, body, headers)
            .await;
        assert_problem(&answer, status, what);
    }
}

#[tokio::test]
async fn bad_accounts_are_refused() {
    let lab = shared().await;
    let taken = Person::customer(lab).await.email;
    let stranger = Person::stranger(lab);
    let fresh = || format!("e2e-{}@faultline.test", Uuid::now_v7().simple());
    for (what, email, password, status) in [
        (
            "duplicate e-mail",
            taken.clone(),
            "long-enough-and-odd-77",
            409,
        ),
        (
            "duplicate e-mail in capitals",
            taken.to_uppercase(),
            "long-enough-and-odd-77",
            409,
        ),
        ("short password", fresh(), "short", 422),
        ("common password", fresh(), "password123", 422),
        ("endless password", fresh(), &"x".repeat(1000), 422),
        (
            "no e-mail",
            "not an address".to_owned(),
            "long-enough-and-odd-77",
            422,
        ),
        ("empty e-mail", String::new(), "long-enough-and-odd-77", 422),
    ] {
        let account = json!({ "email": email, "password": password, "name": "Customer" });
        let answer = stranger.post("/api/v1/auth/register", &account).await;
        assert_problem(&answer, status, what);
        assert!(
            !answer.body.to_string().contains(password),
            "{what}: {}",
            answer.body
        );
    }
    let nul = json!({ "email": fresh(), "password": "long-enough-and-odd-77", "name": "a\u{0}b" });
    assert_problem(
        &stranger.post("/api/v1/auth/register", &nul).await,
        422,
        "a NUL in the name",
    );
    let wrong = json!({ "email": taken, "password": "not-the-right-one-99" });
    assert_problem(
        &stranger.post("/api/v1/auth/login", &wrong).await,
        401,
        "wrong password",
    );
}
