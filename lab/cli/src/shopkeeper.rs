//! The shop's administrator: fills the shelves of a new lab, through the gateway like everybody else.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{Lab, catalogue, shop};

/// Products a request; the import takes no more.
const BATCH: usize = 500;
/// An import of five hundred products takes a fraction of this.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stocked {
    /// The shelves were full already.
    Before,
    /// They were filled now.
    Now,
}

/// Base URL of the public door.
///
/// # Panics
/// Never: the shop's table has a gateway.
#[must_use]
pub fn gateway(lab: &Lab) -> String {
    lab.url(shop::service("gateway").expect("the table has a gateway"))
}

/// Fills product and inventory with the catalogue, unless they have it. Doing it twice changes nothing.
///
/// # Errors
/// With what the shop answered.
pub async fn stock_shelves(lab: &Lab) -> anyhow::Result<Stocked> {
    let desk = Desk {
        http: client()?,
        base: gateway(lab),
    };
    if desk.shelves_are_full().await? {
        return Ok(Stocked::Before);
    }
    let token = desk.log_in(lab).await?;
    for start in (0..catalogue::SIZE).step_by(BATCH) {
        let products = catalogue::products(start..start + BATCH);
        desk.call(Method::POST, "/api/v1/products/import", &token, &products)
            .await?;
    }
    desk.call(
        Method::POST,
        "/api/v1/inventory/import",
        &token,
        &catalogue::stock(),
    )
    .await?;
    Ok(Stocked::Now)
}

struct Desk {
    http: Client,
    base: String,
}

impl Desk {
    /// The last thing that filling does is stocking the last product.
    async fn shelves_are_full(&self) -> anyhow::Result<bool> {
        let last = catalogue::id(catalogue::SIZE - 1);
        let url = format!("{}/api/v1/inventory/{last}", self.base);
        let answer = self
            .http
            .get(&url)
            .send()
            .await
            .with_context(|| format!("ask {url}"))?;
        if !answer.status().is_success() {
            return Ok(false);
        }
        let stock: Value = answer.json().await?;
        Ok(stock["received"].as_u64().is_some_and(|units| units > 0))
    }

    async fn log_in(&self, lab: &Lab) -> anyhow::Result<String> {
        let body = json!({ "email": shop::ADMIN_EMAIL, "password": lab.secrets.administrator() });
        let session = self
            .call(Method::POST, "/api/v1/auth/login", "", &body)
            .await?;
        let token = session["access_token"]
            .as_str()
            .context("the login gave no access token")?;
        Ok(token.to_owned())
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let url = format!("{}{path}", self.base);
        let mut request = self.http.request(method, &url).json(body);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.with_context(|| format!("ask {url}"))?;
        let status = answer.status();
        let body = answer.text().await.unwrap_or_default();
        if !status.is_success() {
            bail!("{path} answers {status}: {body}");
        }
        Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "an administrator's own client has no edge policy"
)]
fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()
}
