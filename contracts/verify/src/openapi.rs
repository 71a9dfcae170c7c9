//! The OpenAPI documents, from the handlers of the services themselves.

use serde_json::Value;

use crate::files::File;

/// Every service's document, by name; the gateway's is composed of the others'.
pub fn documents() -> Vec<(&'static str, Value)> {
    let mut documents = vec![
        ("user", user::document()),
        ("product", product::document()),
        ("inventory", inventory::document()),
        ("order", order::document()),
        ("payment", payment::document()),
        ("notification", notification::document()),
    ];
    let gateway = gateway::document(&documents);
    documents.push(("gateway", gateway));
    // Outside of the shop: no door leads to it.
    documents.push(("psp", psp::document()));
    documents
}

/// As they are checked in.
pub fn files() -> Vec<File> {
    let file = |(name, document)| File::json(format!("openapi/{name}.json"), &document);
    documents().into_iter().map(file).collect()
}
