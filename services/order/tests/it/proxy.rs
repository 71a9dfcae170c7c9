//! A proxy on one edge that misbehaves on command.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

/// What happens to a matching request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 503 without asking anybody: it did not happen.
    Refuse,
    /// It is passed on, and the answer never comes: it happened, and nobody here knows.
    LoseReply,
    /// It is passed on twice.
    Double,
}

/// Which requests, what happens to them, and how often still.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) method: &'static str,
    /// The path ends like this.
    pub(crate) suffix: &'static str,
    pub(crate) fault: Fault,
    pub(crate) times: u32,
}

/// A running proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) addr: SocketAddr,
    rule: Arc<Mutex<Option<Rule>>>,
    hits: Arc<Mutex<u32>>,
}

#[derive(Clone)]
struct Inside {
    target: String,
    http: reqwest::Client,
    proxy: Proxy,
}

impl Proxy {
    /// Starts a proxy in front of a base URL.
    pub(crate) async fn before(target: String) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            addr: listener.local_addr().unwrap(),
            rule: Arc::default(),
            hits: Arc::default(),
        };
        let inside = Inside {
            target,
            http: reqwest::Client::new(),
            proxy: proxy.clone(),
        };
        let router = Router::new().fallback(pass).with_state(inside);
        tokio::spawn(async move { axum::serve(listener, router).await });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on the rule holds, until it is used up.
    pub(crate) fn set(&self, rule: Rule) {
        *self.rule.lock().unwrap() = Some(rule);
        *self.hits.lock().unwrap() = 0;
    }

    /// How many requests the rule has hit.
    pub(crate) fn hits(&self) -> u32 {
        *self.hits.lock().unwrap()
    }

    fn fault_for(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rule = self.rule.lock().unwrap();
        let rule = rule.as_mut().filter(|rule| {
            rule.times > 0 && rule.method == method && path.ends_with(rule.suffix)
        })?;
        rule.times -= 1;
        *self.hits.lock().unwrap() += 1;
        Some(rule.fault)
    }
}

async fn pass(State(inside): State<Inside>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().as_str().to_owned();
    let forward = || async {
        let url = format!("{}{path}", inside.target);
        let mut headers = parts.headers.clone();
        headers.remove("host");
        let request = inside
            .http
            .request(parts.method.clone(), url)
            .headers(headers);
        let answer = request.body(body.clone()).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body: Bytes = answer.bytes().await.unwrap();
        (status, headers, body).into_response()
    };
    match inside
        .proxy
        .fault_for(parts.method.as_str(), parts.uri.path())
    {
        None => forward().await,
        Some(Fault::Refuse) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Fault::LoseReply) => {
            forward().await;
            std::future::pending().await
        }
        Some(Fault::Double) => {
            forward().await;
            forward().await
        }
    }
}
