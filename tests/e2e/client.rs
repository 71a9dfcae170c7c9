//! Customers and administrators: what they send and what they get, status and body together.

use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::lab::Lab;

pub(crate) const PASSWORD: &str = "a-password-nobody-else-has-4711";

/// Somebody with (or without) a session.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) http: Client,
    pub(crate) base: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
    pub(crate) id: String,
    pub(crate) email: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The body, if the status is the expected one.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl Person {
    /// Somebody without an account.
    pub(crate) fn stranger(lab: &Lab) -> Self {
        Self {
            http: Client::builder().no_proxy().build().unwrap(),
            base: lab.gateway(""),
            token: String::new(),
            refresh_token: String::new(),
            id: String::new(),
            email: String::new(),
        }
    }

    /// A new customer, logged in.
    pub(crate) async fn customer(lab: &Lab) -> Self {
        let stranger = Self::stranger(lab);
        let email = format!("e2e-{}@faultline.test", Uuid::now_v7().simple());
        let account = json!({ "email": email, "password": PASSWORD, "name": "Customer" });
        stranger
            .post("/api/v1/auth/register", &account)
            .await
            .expect(201);
        stranger.log_in(&email, PASSWORD).await
    }

    /// The lab's administrator.
    pub(crate) async fn administrator(lab: &Lab) -> Self {
        Self::stranger(lab)
            .log_in(lab.env("ADMIN_EMAIL"), lab.env("ADMIN_PASSWORD"))
            .await
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Self {
        let login = json!({ "email": email, "password": password });
        let session = self.post("/api/v1/auth/login", &login).await.expect(200);
        Self {
            token: session["access_token"].as_str().unwrap().to_owned(),
            refresh_token: session["refresh_token"].as_str().unwrap().to_owned(),
            id: session["user"]["id"].as_str().unwrap().to_owned(),
            email: email.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string()), &[])
            .await
    }

    /// Any request; a body is sent as JSON unless `headers` say otherwise.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            let typed = headers.iter().any(|(name, _)| *name == "content-type");
            request = request.body(body);
            if !typed {
                request = request.header("content-type", "application/json");
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{path}: {error:?}"));
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer {
            status,
            headers,
            body,
        }
    }

    /// Sends a part of a payment back, as the shop does.
    pub(crate) async fn refund(&self, payment: &str, cents: i64) -> Answer {
        let amount = json!({ "amount": cents, "currency": "EUR" });
        let body = json!({ "amount": amount, "reason": "scratched" }).to_string();
        let key = Uuid::now_v7().to_string();
        let path = format!("/api/v1/payments/{payment}/refunds");
        self.send(
            Method::POST,
            &path,
            Some(body),
            &[("idempotency-key", &key)],
        )
        .await
    }

    /// Orders units of a product.
    pub(crate) async fn order(&self, product: &str, quantity: u32, token: &str) -> Answer {
        self.post("/api/v1/orders", &order_body(product, quantity, token))
            .await
    }
}

/// The body of an order for one product.
pub(crate) fn order_body(product: &str, quantity: u32, token: &str) -> Value {
    json!({
        "items": [{ "product_id": product, "quantity": quantity }],
        "payment": { "token": token },
    })
}

/// Makes a product with so many units in stock; returns its id.
pub(crate) async fn product_with_stock(lab: &Lab, units: u32) -> String {
    let administrator = Person::administrator(lab).await;
    let product = json!({
        "sku": format!("E2E-{}", Uuid::now_v7().simple()),
        "name": "Test kettle", "description": "Boils.", "category": "kitchen",
        "price": { "amount": 1250, "currency": "EUR" }, "attributes": {},
    });
    let product = administrator
        .post("/api/v1/products", &product)
        .await
        .expect(201);
    let id = product["id"].as_str().unwrap().to_owned();
    let stock = json!({ "items": [{ "product_id": id, "quantity": units }] });
    administrator
        .post("/api/v1/inventory/import", &stock)
        .await
        .expect(200);
    id
}
