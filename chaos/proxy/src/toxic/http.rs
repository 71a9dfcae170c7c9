//! HTTP faults as values: what happens to a request or its answer, and to which requests.
//!
//! Attributes are those of any toxic; `method` and `path` narrow a fault down and are empty where it is meant for every request.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::Value;

use super::Stream;
use super::attributes::{BadAttribute, Reader};

/// What an abort answers that does not say: a server that is overloaded or restarting.
const ABORT_STATUS: u16 = 503;
/// How long a delay in a request's own headers may be if the fault does not say: longer than any deadline of the shop.
const HEADER_DELAY_MAX: Duration = Duration::from_secs(5);

/// Every type, by its name on the wire.
pub(super) const TYPES: [&str; 6] = [
    "http_abort",
    "http_delay",
    "http_duplicate",
    "http_headers",
    "http_reply_delay",
    "http_reply_lost",
];

/// An HTTP fault with its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpFault {
    /// What happens.
    pub act: Act,
    /// To which requests.
    pub only: Only,
}

/// What happens to a request or its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The server never sees the request; the client is answered with this status.
    Abort(StatusCode),
    /// The request waits before it goes on to the server.
    Delay(Duration),
    /// The request is sent to the server twice; the client gets the first answer.
    Duplicate,
    /// The request's own headers say what happens: Envoy's fault headers.
    Headers {
        /// The longest delay that a header gets.
        delay_max: Duration,
    },
    /// The server has done it and answered; the answer waits.
    ReplyDelay(Duration),
    /// The server has done it and answered; the client's connection is reset instead.
    ReplyLost,
}

/// Which requests a fault is meant for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Only {
    /// Those with this method.
    method: Option<Method>,
    /// Those whose path begins with these segments; `{anything}` stands for one segment.
    path: Option<String>,
}

impl HttpFault {
    /// None when there is no such type.
    pub(super) fn parse(kind: &str, read: &Reader<'_>) -> Result<Option<Self>, BadAttribute> {
        let act = match kind {
            "http_abort" => Act::Abort(status(read)?),
            "http_delay" => Act::Delay(read.millis("delay")?),
            "http_duplicate" => Act::Duplicate,
            "http_headers" => Act::Headers {
                delay_max: read.millis_or("delay_max", HEADER_DELAY_MAX)?,
            },
            "http_reply_delay" => Act::ReplyDelay(read.millis("delay")?),
            "http_reply_lost" => Act::ReplyLost,
            _ => return Ok(None),
        };
        let only = Only::read(read)?;
        Ok(Some(Self { act, only }))
    }

    /// Its type on the wire.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.act {
            Act::Abort(_) => "http_abort",
            Act::Delay(_) => "http_delay",
            Act::Duplicate => "http_duplicate",
            Act::Headers { .. } => "http_headers",
            Act::ReplyDelay(_) => "http_reply_delay",
            Act::ReplyLost => "http_reply_lost",
        }
    }

    /// Whose bytes it acts on, whatever was wished for: requests go upstream, answers downstream.
    #[must_use]
    pub fn stream(&self) -> Stream {
        match self.act {
            Act::ReplyDelay(_) | Act::ReplyLost => Stream::Downstream,
            _ => Stream::Upstream,
        }
    }

    pub(super) fn attributes(&self) -> Vec<(&'static str, Value)> {
        let millis = |time: Duration| Value::from(time.as_millis() as u64);
        let mut pairs = match self.act {
            Act::Abort(status) => vec![("status", status.as_u16().into())],
            Act::Delay(delay) | Act::ReplyDelay(delay) => vec![("delay", millis(delay))],
            Act::Headers { delay_max } => vec![("delay_max", millis(delay_max))],
            Act::Duplicate | Act::ReplyLost => Vec::new(),
        };
        let method = self.only.method.as_ref().map_or("", Method::as_str);
        let path = self.only.path.as_deref().unwrap_or_default();
        pairs.extend([("method", method.into()), ("path", path.into())]);
        pairs
    }
}

fn status(read: &Reader<'_>) -> Result<StatusCode, BadAttribute> {
    let code = read.number_in("status", ABORT_STATUS.into(), 200..=599)?;
    let code = u16::try_from(code).expect("it is at most 599");
    Ok(StatusCode::from_u16(code).expect("200 to 599 are statuses"))
}

impl Only {
    fn read(read: &Reader<'_>) -> Result<Self, BadAttribute> {
        let method = read.text("method", "a method such as POST", |text| {
            Method::from_bytes(text.to_ascii_uppercase().as_bytes()).ok()
        })?;
        let path = read.text("path", "a path such as /orders or /orders/{id}", |text| {
            text.starts_with('/').then(|| text.to_owned())
        })?;
        Ok(Self { method, path })
    }

    /// Is this request meant? A query is no part of a path.
    #[must_use]
    pub fn matches(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_deref()
                .is_none_or(|wanted| begins_with(path, wanted))
    }
}

/// Segment by segment: `/orders` is the beginning of `/orders/7`, and not of `/orders-old`.
fn begins_with(path: &str, wanted: &str) -> bool {
    let segments = |path: &str| -> Vec<String> {
        let parts = path.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let (path, wanted) = (segments(path), segments(wanted));
    let stands_for_any = |part: &str| part.starts_with('{') && part.ends_with('}');
    wanted.len() <= path.len()
        && wanted
            .iter()
            .zip(&path)
            .all(|(wanted, part)| stands_for_any(wanted) || wanted == part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::toxic::Toxic;

    fn fault(kind: &str, given: Value) -> Result<HttpFault, BadAttribute> {
        let given = given.as_object().expect("an object").clone();
        match Toxic::parse(kind, &given)?.expect("known") {
            Toxic::Http(fault) => Ok(fault),
            other => panic!("{other:?} is no HTTP fault"),
        }
    }

    #[test]
    fn an_abort_that_does_not_say_answers_503_and_any_status_of_an_answer_can_be_asked_for() {
        let act = |given| fault("http_abort", given).map(|fault| fault.act);
        assert_eq!(
            act(json!({})),
            Ok(Act::Abort(StatusCode::SERVICE_UNAVAILABLE))
        );
        assert_eq!(
            act(json!({"status": 429})),
            Ok(Act::Abort(StatusCode::TOO_MANY_REQUESTS))
        );
        for wrong in [json!(199), json!(600), json!("503")] {
            let error = act(json!({ "status": wrong })).expect_err("refused");
            assert!(error.to_string().contains("200 to 599"), "{error}");
        }
    }

    #[test]
    fn a_fault_is_meant_for_a_method_and_a_beginning_of_paths() {
        let narrow = json!({"method": "post", "path": "/orders/{id}/items"});
        let only = fault("http_reply_lost", narrow).expect("read").only;
        for (method, path, meant) in [
            (Method::POST, "/orders/7/items", true),
            (Method::POST, "/orders/7/items/3", true),
            (Method::GET, "/orders/7/items", false),
            (Method::POST, "/orders/7", false),
            (Method::POST, "/orders/7/items-old", false),
        ] {
            assert_eq!(only.matches(&method, path), meant, "{method} {path}");
        }
        assert!(Only::default().matches(&Method::DELETE, "/"));
    }

    #[test]
    fn a_path_that_is_none_and_a_method_that_is_none_are_refused() {
        for wrong in [
            json!({"path": "orders"}),
            json!({"path": 5}),
            json!({"method": "P O"}),
        ] {
            assert!(fault("http_delay", wrong.clone()).is_err(), "{wrong}");
        }
    }
}
