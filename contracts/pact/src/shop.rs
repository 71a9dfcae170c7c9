//! The running shop: where its services are and with which keys they are asked. Everything comes from the environment,
//! as `faultline contracts verify` sets it.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use chassis::{
    auth::ServiceTokens,
    config::{Env, Secret},
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::examples::PASSWORD;

/// Whoever provides something.
pub const PROVIDERS: [&str; 8] = [
    "gateway",
    "inventory",
    "notification",
    "order",
    "payment",
    "product",
    "psp",
    "user",
];

/// The shop.
pub struct Shop {
    urls: BTreeMap<&'static str, String>,
    service_key: Secret,
    psp_key: Secret,
    chaos_proxy: String,
    administrator: (String, Secret),
    administrators_token: OnceCell<String>,
    pub(crate) http: Client,
}

/// A customer with a session.
pub struct Customer {
    /// Its address.
    pub email: String,
    /// Its access token.
    pub token: String,
    /// Its refresh token.
    pub refresh_token: String,
}

impl Shop {
    /// Reads `<SERVICE>_URL`, `CHAOS_PROXY_URL`, `SERVICE_TOKEN_KEY`, `PSP_API_KEY`, `ADMIN_EMAIL` and `ADMIN_PASSWORD`.
    ///
    /// # Errors
    /// One is missing.
    pub fn from_env(env: &Env) -> anyhow::Result<Self> {
        let mut urls = BTreeMap::new();
        for name in PROVIDERS {
            let variable = format!("{}_URL", name.to_uppercase());
            let url = env.required(&variable, "the address of a running service")?;
            urls.insert(name, url.trim_end_matches('/').to_owned());
        }
        let email = env.required("ADMIN_EMAIL", "the administrator's address")?;
        let password = env.secret("ADMIN_PASSWORD", "the administrator's password")?;
        Ok(Self {
            urls,
            service_key: env.secret("SERVICE_TOKEN_KEY", "the key of service tokens")?,
            psp_key: env.secret("PSP_API_KEY", "the merchant's key")?,
            chaos_proxy: env
                .required("CHAOS_PROXY_URL", "the address of the chaos proxy")?
                .to_owned(),
            administrator: (email.to_owned(), password),
            administrators_token: OnceCell::new(),
            http: http_client()?,
        })
    }

    /// Where a service is.
    ///
    /// # Errors
    /// There is no such service.
    pub fn url(&self, service: &str) -> anyhow::Result<&str> {
        let url = self.urls.get(service);
        url.map(String::as_str)
            .with_context(|| format!("there is no service {service:?}"))
    }

    /// The merchant's key at the provider.
    #[must_use]
    pub fn psp_key(&self) -> &str {
        self.psp_key.expose()
    }

    /// A token as the service would send it.
    ///
    /// # Errors
    /// There is no such service, or its key is too short.
    pub fn service_token(&self, service: &str) -> anyhow::Result<String> {
        let name = PROVIDERS.into_iter().find(|name| *name == service);
        let name = name.with_context(|| format!("there is no service {service:?}"))?;
        Ok(ServiceTokens::new(name, &self.service_key)?.issue())
    }

    /// An administrator's token; asked for once.
    ///
    /// # Errors
    /// The user service refuses, or does not answer.
    pub async fn administrator(&self) -> anyhow::Result<String> {
        let (email, password) = &self.administrator;
        let token = self.administrators_token.get_or_try_init(|| async {
            let session = self.log_in(email, password.expose()).await?;
            anyhow::Ok(session.token)
        });
        token.await.cloned()
    }

    /// Somebody who has just registered and logged in.
    ///
    /// # Errors
    /// The user service refuses, or does not answer.
    pub async fn customer(&self) -> anyhow::Result<Customer> {
        let email = unused_address();
        self.register(&email).await?;
        self.log_in(&email, PASSWORD).await
    }

    /// Makes an account.
    ///
    /// # Errors
    /// The user service refuses, or does not answer.
    pub async fn register(&self, email: &str) -> anyhow::Result<()> {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Customer" });
        let request = self.request("user", Method::POST, "/api/v1/auth/register")?;
        expect(request.json(&body)).await.map(drop)
    }

    async fn log_in(&self, email: &str, password: &str) -> anyhow::Result<Customer> {
        let body = json!({ "email": email, "password": password });
        let request = self.request("user", Method::POST, "/api/v1/auth/login")?;
        let session = expect(request.json(&body)).await?;
        Ok(Customer {
            email: email.to_owned(),
            token: text(&session, "/access_token")?,
            refresh_token: text(&session, "/refresh_token")?,
        })
    }

    /// Breaks something on an edge until the lease is over: a toxic of the chaos proxy, in its own words.
    ///
    /// # Errors
    /// The proxy refuses, or does not answer.
    pub async fn break_edge(&self, edge: &str, toxic: &Value) -> anyhow::Result<()> {
        // The names of edges have a `>` in them.
        let edge = edge.replace('>', "%3E");
        let url = format!("{}/proxies/{edge}/toxics", self.chaos_proxy);
        expect(self.http.post(url).json(toxic)).await.map(drop)
    }

    /// A request to a service.
    ///
    /// # Errors
    /// There is no such service.
    pub fn request(
        &self,
        service: &str,
        method: Method,
        path: &str,
    ) -> anyhow::Result<RequestBuilder> {
        let url = format!("{}{path}", self.url(service)?);
        Ok(self.http.request(method, url))
    }
}

/// An address that nobody has.
#[must_use]
pub fn unused_address() -> String {
    format!("pact-{}@faultline.test", Uuid::now_v7().simple())
}

/// Sends a request that has to succeed, and gives its body.
///
/// # Errors
/// No answer, or another than 2xx, with its body.
pub async fn expect(request: RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await?;
    let (url, status) = (response.url().clone(), response.status());
    let body = response.text().await?;
    ensure!(status.is_success(), "{url} answered {status}: {body}");
    Ok(serde_json::from_str(&body).unwrap_or(Value::Null))
}

/// Text at a place of an answer.
///
/// # Errors
/// There is none.
pub fn text(body: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = body.pointer(pointer).and_then(Value::as_str);
    let found = found.with_context(|| format!("no text at {pointer} of {body}"))?;
    Ok(found.to_owned())
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever sets a state up is no service and has no edge"
)]
fn http_client() -> anyhow::Result<Client> {
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    client.build().context("HTTP client")
}
