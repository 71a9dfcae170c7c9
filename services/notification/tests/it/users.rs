//! Stands for the user service: tells services, and nobody else, the address of the users it knows.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use serde_json::json;
use uuid::Uuid;

pub(crate) type Known = Arc<Mutex<HashMap<Uuid, String>>>;

/// Serves until the test's runtime ends.
pub(crate) async fn serve(known: Known) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = Router::new()
        .route("/api/v1/users/{id}", get(user))
        .with_state(known);
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

async fn user(
    State(known): State<Known>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    if !headers.contains_key("authorization") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let email = known.lock().unwrap().get(&id).cloned();
    let email = email.ok_or(StatusCode::NOT_FOUND)?;
    Ok(json!({ "id": id, "email": email, "name": "Known to user", "roles": [] }).to_string())
}
