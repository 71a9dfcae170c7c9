//! The API of a service as an OpenAPI document: made from its handlers and types, served at `/openapi.json` and, to be
//! tried out, at `/docs`.
//!
//! A handler's annotation names what is its own: successes, and for each error status the codes of its problems
//! (`(status = 409, description = "sku_taken")`). What every service does with a bad body, a missing token or an overload is
//! added here (`complete`), and every error gets the schema of problem+json with exactly these codes.

mod complete;

use axum::{Router, http::header, routing::get};
use serde_json::{Map, Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

/// Schemas of the chassis, which mean the same in the document of every service.
pub const SHARED_SCHEMAS: [&str; 4] = ["Problem", "FieldError", "Money", "Currency"];

/// What the handlers cannot say about their service.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Name of the service.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub description: &'static str,
    /// Problem codes of operations whose store is away.
    pub store_away: &'static [&'static str],
}

/// The whole document: members sorted, so that two of them can be compared as text.
pub fn document<S>(about: &About, api: OpenApiRouter<S>) -> Value
where
    S: Clone + Send + Sync + 'static,
{
    finished(about, api.into_openapi())
}

fn finished(about: &About, described: utoipa::openapi::OpenApi) -> Value {
    let mut document = serde_json::to_value(described).expect("a description is plain JSON");
    document["info"] = json!({
        "title": format!("Faultline: {}", about.name),
        "description": about.description,
        "version": "1",
        "license": { "name": "MIT", "identifier": "MIT" },
    });
    complete::complete(&mut document, about.store_away);
    document
}

/// Adds the codes of problems that something in front of a service answers with to an operation of its document.
pub fn add_problems(operation: &mut Map<String, Value>, status: u16, codes: &[&str]) {
    complete::add(operation, status, codes);
}

/// The described routes, with the document and a page to try it out beside them.
pub fn serve<S>(about: &About, api: OpenApiRouter<S>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let (routes, described) = api.split_for_parts();
    routes.merge(pages(&finished(about, described)))
}

/// `/openapi.json` and `/docs` for a finished document.
pub fn pages<S>(document: &Value) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let text = bytes::Bytes::from(document.to_string());
    let answer = move || async move { ([(header::CONTENT_TYPE, "application/json")], text) };
    let page = SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json"));
    Router::new()
        .route("/openapi.json", get(answer))
        .merge(page)
}
