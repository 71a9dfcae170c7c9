//! Request bodies read as Go reads them, because clients rely on it: names in any case, unknown fields ignored, whatever
//! follows the first value ignored, null the same as nothing.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Deserializer, Map, Value};

use crate::registry::{Error, LeaseWish};

/// An object.
pub(super) struct Body(Map<String, Value>);

fn first_value(bytes: &[u8]) -> Result<Value, Error> {
    let mut values = Deserializer::from_slice(bytes).into_iter::<Value>();
    let first = values.next().ok_or_else(|| Error::Body("EOF".into()))?;
    first.map_err(|error| Error::Body(error.to_string()))
}

impl Body {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        Self::of(first_value(bytes)?)
    }

    pub(super) fn read_list(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        match first_value(bytes)? {
            Value::Array(values) => values.into_iter().map(Self::of).collect(),
            Value::Null => Ok(Vec::new()),
            other => Err(unexpected("a list", &other)),
        }
    }

    fn of(value: Value) -> Result<Self, Error> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            Value::Null => Ok(Self(Map::new())),
            other => Err(unexpected("an object", &other)),
        }
    }

    fn field<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let named = self
            .0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        match named {
            None | Some((_, Value::Null)) => Ok(None),
            Some((_, value)) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(Error::Body(format!("{name} must be {kind}, not {value}"))),
            },
        }
    }

    /// An empty text is none, as in Go.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        let text = self.field(name, "text", |value| value.as_str().map(str::to_owned))?;
        Ok(text.filter(|text| !text.is_empty()))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Error> {
        self.field(name, "true or false", Value::as_bool)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        self.field(name, "a number", Value::as_f64)
    }

    pub(super) fn address(&self, name: &str) -> Result<Option<SocketAddr>, Error> {
        self.field(name, "an address with a port", |value| {
            value.as_str()?.parse().ok()
        })
    }

    pub(super) fn object(&self, name: &str) -> Result<Map<String, Value>, Error> {
        let object = self.field(name, "an object", |value| value.as_object().cloned())?;
        Ok(object.unwrap_or_default())
    }

    pub(super) fn lease(&self) -> Result<LeaseWish, Error> {
        let millis = self.field("lease_ms", "a whole number", Value::as_u64)?;
        Ok(LeaseWish {
            length: millis.map(Duration::from_millis),
            holder: self.text("lease_holder")?,
        })
    }
}

fn unexpected(wanted: &str, found: &Value) -> Error {
    Error::Body(format!("{wanted} is expected, not {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_go_does() {
        let body = Body::read(br#"{"Name": "a", "ENABLED": false, "upstream": null, "x": 1} rest"#)
            .expect("read");
        assert_eq!(body.text("name").expect("text"), Some("a".to_owned()));
        assert_eq!(body.flag("enabled").expect("a flag"), Some(false));
        assert_eq!(body.text("upstream").expect("nothing"), None);
        assert!(Body::read(b"null").is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_a_bad_request_body_that_says_why() {
        for (body, says) in [
            ("", "EOF"),
            ("{", "EOF"),
            ("[]", "an object"),
            (r#"{"name": 5}"#, "name must be text"),
        ] {
            let read = Body::read(body.as_bytes()).and_then(|body| body.text("name"));
            let error = read.expect_err("it is wrong").to_string();
            assert!(
                error.starts_with("bad request body: ") && error.contains(says),
                "{error}"
            );
        }
    }
}
