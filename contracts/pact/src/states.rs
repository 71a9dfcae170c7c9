//! Provider states: what has to be so before an exchange can be verified. Each is brought about over the APIs that
//! everybody uses, with ids of its own, so that pacts can be verified again and again and side by side. What a state
//! gives (an id, a token) takes the place of the example in the request.

mod gateway;
mod payment;
mod psp;
mod stock;

use std::{collections::HashSet, sync::Arc};

use anyhow::bail;
use serde_json::{Map, Value, json};
use tokio::{sync::Mutex, task::JoinSet};
use uuid::Uuid;

use crate::shop::Shop;

/// What a state gives.
pub type Values = Map<String, Value>;

/// Sets states up.
pub struct States {
    shop: Arc<Shop>,
    /// Requests that states leave under way.
    under_way: Mutex<JoinSet<()>>,
    /// Tokens of customers who ask until they are told to wait.
    insistent: Mutex<HashSet<String>>,
}

impl States {
    /// For one shop.
    #[must_use]
    pub fn of(shop: Arc<Shop>) -> Self {
        Self {
            shop,
            under_way: Mutex::default(),
            insistent: Mutex::default(),
        }
    }

    /// Brings a provider into a state.
    ///
    /// # Errors
    /// Nobody knows the state, or the shop does not do what it takes.
    pub async fn set_up(&self, provider: &str, state: &str) -> anyhow::Result<Values> {
        if let Some(who) = state.strip_prefix("called by ") {
            return self.caller(who).await;
        }
        let values = match provider {
            "product" | "inventory" => stock::set_up(&self.shop, state).await?,
            "payment" => payment::set_up(self, state).await?,
            "psp" => psp::set_up(&self.shop, state).await?,
            "gateway" => gateway::set_up(self, state).await?,
            _ => None,
        };
        match values {
            Some(values) => Ok(values),
            None => bail!("nobody knows how to bring {provider} into the state {state:?}"),
        }
    }

    /// Whether whoever has this token asks until there is a 429.
    pub async fn insists(&self, token: &str) -> bool {
        self.insistent.lock().await.contains(token)
    }

    async fn caller(&self, who: &str) -> anyhow::Result<Values> {
        let token = match who {
            "an administrator" => self.shop.administrator().await?,
            "a customer" => self.shop.customer().await?.token,
            // Of whom another state speaks, which gives the token.
            "that customer" => return Ok(Values::new()),
            who => match who.strip_prefix("the service ") {
                Some(service) => self.shop.service_token(service)?,
                None => bail!("nobody is called {who:?}"),
            },
        };
        Ok(values(json!({ "token": token })))
    }
}

fn values(value: Value) -> Values {
    match value {
        Value::Object(values) => values,
        _ => Values::new(),
    }
}

fn fresh() -> String {
    Uuid::now_v7().to_string()
}
