//! A shop that says yes to everything, always in the same words, and remembers what was wanted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use uuid::Uuid;

/// What was asked, by whom: products looked at and things ordered.
pub(crate) type Asked = BTreeMap<String, Vec<String>>;

/// The shop, until it is dropped.
pub(crate) struct Shop {
    pub(crate) gateway: String,
    memory: Arc<Memory>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Memory {
    asked: Mutex<Asked>,
    orders: Mutex<HashMap<Uuid, Value>>,
}

impl Memory {
    fn note(&self, headers: &HeaderMap, what: String) {
        let who = headers["authorization"].to_str().unwrap().to_owned();
        let mut asked = self.asked.lock().unwrap();
        asked.entry(who).or_default().push(what);
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let memory = Arc::new(Memory::default());
        let router = Router::new()
            .route("/api/v1/auth/register", post(register))
            .route("/api/v1/auth/login", post(log_in))
            .route("/api/v1/products", get(page))
            .route("/api/v1/products/{id}", get(product))
            .route("/api/v1/inventory/{id}", get(stock))
            .route("/api/v1/orders", post(order))
            .route("/api/v1/orders/{id}", get(look))
            .with_state(memory.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = format!("http://{}", listener.local_addr().unwrap());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            gateway,
            memory,
            _server: server,
        }
    }

    /// What everybody asked, each in their order.
    pub(crate) fn asked(&self) -> Asked {
        self.memory.asked.lock().unwrap().clone()
    }
}

async fn register(Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    (StatusCode::CREATED, Json(json!({ "user": body })))
}

async fn log_in(Json(body): Json<Value>) -> Json<Value> {
    Json(json!({ "access_token": body["email"], "refresh_token": "r", "expires_in": 900 }))
}

fn described(id: &str) -> Value {
    json!({ "id": id, "version": 1, "price": { "amount": 500 }, "name": "a teapot" })
}

async fn page(
    State(memory): State<Arc<Memory>>,
    Query(query): Query<HashMap<String, u32>>,
    headers: HeaderMap,
) -> Json<Value> {
    let page = query["page"];
    memory.note(&headers, format!("page {page}"));
    let items: Vec<Value> = (0..20)
        .map(|item| described(&format!("{page}-{item}")))
        .collect();
    Json(json!({ "page": page, "total": 1000, "items": items }))
}

async fn product(
    State(memory): State<Arc<Memory>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Json<Value> {
    memory.note(&headers, format!("product {id}"));
    Json(described(&id))
}

async fn stock(Path(id): Path<String>) -> Json<Value> {
    Json(json!({ "product_id": id, "received": 9, "available": 9, "reserved": 0, "sold": 0 }))
}

/// Takes it in and decides later, which is an answer that fits every card.
async fn order(
    State(memory): State<Arc<Memory>>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    memory.note(&headers, format!("order {body}"));
    let (id, wish) = (Uuid::now_v7(), &body["items"][0]);
    let amount = 500 * wish["quantity"].as_i64().unwrap();
    let item = json!({
        "product_id": wish["product_id"], "quantity": wish["quantity"],
        "unit_price": { "amount": 500 }, "line_total": { "amount": amount },
    });
    let order = json!({
        "id": id, "status": "pending", "items": [item],
        "total": { "amount": amount }, "refunded": { "amount": 0 },
    });
    memory.orders.lock().unwrap().insert(id, order.clone());
    (StatusCode::ACCEPTED, Json(order))
}

async fn look(State(memory): State<Arc<Memory>>, Path(id): Path<Uuid>) -> Json<Value> {
    Json(memory.orders.lock().unwrap()[&id].clone())
}
