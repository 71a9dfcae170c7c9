//! The provider's two faces, and the ledger for people.
//!
//! Neither face speaks problem+json: paths, errors and authentication are those of the provider that is imitated.

mod error_source;
mod keys;
mod ledger;
mod paypal;
mod stripe;

use axum::Router;

pub(crate) use self::keys::Keys;
use crate::app::AppState;

pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .merge(stripe::router(&state))
        .merge(paypal::router(&state))
        .merge(ledger::router(&state))
        .with_state(state)
}
