//! The provider's two faces, and the ledger for people.
//!
//! Neither face speaks problem+json: paths, errors and authentication are those of the provider that is imitated.

mod error_source;
mod keys;
mod ledger;
mod paypal;
mod stripe;

use axum::Router;
use chassis::openapi::{self, About};
use serde_json::Value;
use utoipa::openapi::{
    Components, OpenApi,
    security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::keys::Keys;
use crate::app::AppState;

const ABOUT: About = About {
    name: "psp",
    description: "The simulated payment provider: one ledger, asked in the shape of Stripe or of PayPal.",
    store_away: &["database_unavailable"],
};

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .merge(stripe::router(&state))
        .merge(paypal::router(&state))
        .merge(ledger::router(&state))
        .merge(openapi::pages(&document()))
        .with_state(state)
}

/// The API as an OpenAPI document.
pub fn document() -> Value {
    let schemes = [
        ("api_key", HttpAuthScheme::Bearer),
        ("access_token", HttpAuthScheme::Bearer),
        ("client", HttpAuthScheme::Basic),
    ];
    let mut components = Components::new();
    for (name, scheme) in schemes {
        components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
    }
    let mut described = OpenApi::default();
    described.components = Some(components);
    let api = OpenApiRouter::with_openapi(described)
        .merge(stripe::api())
        .merge(paypal::api())
        .merge(ledger::api());
    openapi::document(&ABOUT, api)
}
