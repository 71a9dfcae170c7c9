//! The services that an order needs, as this service sees them: own view types, own words for what can come back.

pub mod inventory;
pub mod payment;
pub mod product;

pub use crate::domain::{Line, OrderId};

use chassis::{
    auth::ServiceTokens,
    client::{CallError, EdgeClient, EdgePolicy},
    service::Context,
};

/// Clients of the three edges.
#[derive(Clone)]
pub struct Neighbours {
    /// Stock.
    pub inventory: inventory::Inventory,
    /// Money.
    pub payment: payment::Payment,
    /// Names and prices.
    pub product: product::Products,
}

impl Neighbours {
    /// Reads `EDGE_INVENTORY_…`, `EDGE_PAYMENT_…`, `EDGE_PRODUCT_…` and `SERVICE_TOKEN_KEY`.
    ///
    /// # Errors
    /// A variable is missing or makes no sense.
    pub fn from_env(context: &Context) -> anyhow::Result<Self> {
        let tokens = ServiceTokens::from_env(context.config.name, &context.env)?;
        let edge = |callee| -> anyhow::Result<EdgeClient> {
            let client = EdgeClient::from_env(context, callee, EdgePolicy::default())?;
            Ok(client.with_service_token(tokens.clone()))
        };
        Ok(Self {
            inventory: inventory::Inventory(edge("inventory")?),
            payment: payment::Payment(edge("payment")?),
            product: product::Products(edge("product")?),
        })
    }
}

/// What came of a step's call, in the saga's terms.
#[derive(Debug)]
pub enum Answer<T> {
    /// It is done (or was done before).
    Done(T),
    /// It was understood and refused, and nothing happened; with a reason in words.
    Refused(Refusal),
    /// Nothing can be said; ask again.
    Unknown(String),
}

/// A definite no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `code` of the problem document.
    pub code: String,
    /// For people.
    pub detail: String,
}

/// Sorts a failed call: the codes in `definite` are answers, everything else is unknown. A 401 or 404 that nobody
/// expected speaks of a broken set-up, not of this order.
fn sort<T>(error: CallError, definite: &[&str]) -> Answer<T> {
    match error {
        CallError::Refused { code, body, .. } if definite.contains(&code.as_str()) => {
            Answer::Refused(Refusal {
                detail: explain(&code, &body),
                code,
            })
        }
        error => Answer::Unknown(format!("{:#}", anyhow::Error::from(error))),
    }
}

/// The field errors of a problem in one line, or its detail.
fn explain(code: &str, body: &[u8]) -> String {
    let Ok(problem) = serde_json::from_slice::<chassis::problem::Document>(body) else {
        return code.to_owned();
    };
    if problem.errors.is_empty() {
        return problem.detail;
    }
    let errors: Vec<_> = problem
        .errors
        .iter()
        .map(|error| format!("{}: {}", error.field, error.message))
        .collect();
    errors.join("; ")
}
