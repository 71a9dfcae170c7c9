//! A request over HTTP: status, headers, body.

use std::time::Duration;

use reqwest::{Client, Method, Url};
use serde_json::{Map, Value, json};

use super::{BYTES_MAX, TIME_MAX};

/// A request that can be sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    url: Url,
    method: Method,
    headers: Vec<(String, String)>,
    arguments: Option<Value>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) expected_status: Option<u16>,
    /// Is an answer of 400 and more a failure?
    pub(crate) refusal_fails: bool,
    pub(crate) tries: u32,
}

impl Request {
    pub(crate) fn new(
        url: &str,
        method: &str,
        headers: Vec<(String, String)>,
        arguments: Option<Value>,
    ) -> Result<Self, String> {
        Ok(Self {
            url: url
                .parse()
                .map_err(|error| format!("{url:?} is no address: {error}"))?,
            method: method
                .parse()
                .map_err(|_| format!("{method:?} is no method"))?,
            headers,
            arguments,
            timeout: None,
            expected_status: None,
            refusal_fails: false,
            tries: 1,
        })
    }

    /// `{status, headers, body}`; the body is JSON if its type is exactly `application/json`, as Chaos Toolkit has it.
    ///
    /// # Errors
    /// No answer, or one that it must not be.
    pub(crate) async fn send(&self) -> Result<Value, String> {
        let client = client(self.timeout.unwrap_or(TIME_MAX)).map_err(|error| chain(&error))?;
        let mut tries = 0;
        let answer = loop {
            tries += 1;
            match self.built(&client).send().await {
                Ok(answer) => break answer,
                Err(error) if tries >= self.tries || !error.is_connect() => {
                    return Err(chain(&error));
                }
                Err(_) => {}
            }
        };
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let bytes = body(answer).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_json = headers
            .get("content-type")
            .is_some_and(|kind| kind == "application/json");
        let body = if is_json {
            serde_json::from_slice(&bytes).unwrap_or(Value::String(text))
        } else {
            Value::String(text)
        };
        let expected = match self.expected_status {
            Some(expected) => expected == status,
            None => !self.refusal_fails || status < 400,
        };
        if !expected {
            return Err(format!(
                "{} {} answers {status}: {body}",
                self.method, self.url
            ));
        }
        let pair =
            |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.to_string(), Value::String(value))
            };
        let headers: Map<String, Value> = headers.iter().map(pair).collect();
        Ok(json!({ "status": status, "headers": headers, "body": body }))
    }

    fn built(&self, client: &Client) -> reqwest::RequestBuilder {
        let mut url = self.url.clone();
        if let (&Method::GET, Some(Value::Object(query))) = (&self.method, &self.arguments) {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in query {
                pairs.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
            }
        }
        let mut request = client.request(self.method.clone(), url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let is_json = self.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type") && value == "application/json"
        });
        match &self.arguments {
            None => request,
            Some(_) if self.method == Method::GET => request,
            Some(given) if is_json => request.body(given.to_string()),
            Some(Value::String(text)) => request.body(text.clone()),
            Some(given) => request.form(given),
        }
    }
}

/// At most so many bytes of it.
async fn body(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| chain(&error))? {
        if bytes.len() + chunk.len() > BYTES_MAX {
            return Err(format!("the answer has more than {BYTES_MAX} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "an experiment looks from outside; the policies of the services' edges are not its own"
)]
fn client(timeout: Duration) -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(timeout).build()
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
