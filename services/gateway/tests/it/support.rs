//! A running gateway with its upstreams, and the few things that tests say to it.

use std::{collections::HashMap, time::Duration};

use chassis::{
    config::Env,
    service::{self, Running},
    testing::{self, auth::TestAuth},
};
use http::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use crate::{log_lines, upstream::Upstream};

/// Generous: it only ends tests that have failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Nobody listens here.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

const UPSTREAMS: [&str; 6] = [
    "user",
    "product",
    "inventory",
    "order",
    "payment",
    "notification",
];

pub(crate) struct Gateway {
    pub(crate) auth: TestAuth,
    pub(crate) running: Running,
    pub(crate) client: Client,
    upstreams: HashMap<&'static str, Upstream>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// `settings` come last and win.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        log_lines::start();
        let auth = TestAuth::start().await;
        let mut env = auth.env();
        env.push(("REDIS_URL".to_owned(), testing::env("TEST_REDIS_URL")));
        let mut upstreams = HashMap::new();
        for name in UPSTREAMS {
            let upstream = Upstream::start(name).await;
            let variable = format!("EDGE_{}_URL", name.to_uppercase());
            env.push((variable, upstream.url()));
            upstreams.insert(name, upstream);
        }
        for (name, value) in settings {
            env.push(((*name).to_owned(), (*value).to_owned()));
        }
        let running = service::start("gateway", Env::from_pairs(env), gateway::app::build)
            .await
            .unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            auth,
            running,
            client,
            upstreams,
        }
    }

    pub(crate) fn upstream(&self, name: &str) -> &Upstream {
        &self.upstreams[name]
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.running.url()))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A request of a customer nobody else is.
    pub(crate) fn as_customer(&self, method: Method, path: &str) -> RequestBuilder {
        let token = self.auth.user_token(Uuid::now_v7(), &["customer"]);
        self.request(method, path).bearer_auth(token)
    }

    /// The sum of a counter's or gauge's lines that contain all of these.
    pub(crate) fn metric(&self, parts: &[&str]) -> f64 {
        let text = self.running.context().metrics.render();
        text.lines()
            .filter(|line| parts.iter().all(|part| line.contains(part)))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
            .sum()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("{name} in {self:?}"))
            .to_str()
            .unwrap()
    }

    /// Status and code of a problem document.
    pub(crate) fn problem(&self) -> (u16, &str) {
        let code = self.body["code"].as_str().unwrap_or_default();
        (self.status.as_u16(), code)
    }
}

/// Sends a request and reads the whole answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the gateway answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("the body is read to its end");
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        headers,
        body,
    }
}
