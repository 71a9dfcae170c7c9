//! Requests, processes and tolerances with every name in them replaced.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::{OWN_PROGRAM, Place};
use crate::experiment::{Http, Process, Words};
use crate::provider::{Command, Request};
use crate::substitute::{self, Values};
use crate::tolerance::Tolerance;

pub(super) fn seconds(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.and_then(|number| Duration::try_from_secs_f64(number).ok())
}

pub(super) fn request(http: &Http, values: &Values, is_action: bool) -> Result<Request, String> {
    let timeout = http.timeout.as_ref().map(|given| match given {
        Value::Array(two) => two.last().cloned().unwrap_or_default(),
        one => substitute::value(one, values),
    });
    let header = |(name, value): &(String, Value)| {
        let text = match substitute::value(value, values) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        (name.clone(), text)
    };
    let mut request = Request::new(
        &substitute::text(&http.url, values),
        &http.method,
        http.headers.iter().map(header).collect(),
        http.arguments
            .as_ref()
            .map(|given| substitute::value(given, values)),
    )?;
    request.timeout = timeout.as_ref().and_then(seconds);
    request.expected_status = http.expected_status;
    request.refusal_fails = is_action;
    request.tries = http.max_retries + 1;
    Ok(request)
}

pub(super) fn command(
    process: &Process,
    values: &Values,
    place: &Place,
) -> Result<Command, String> {
    let path = substitute::text(&process.path, values);
    let timeout = process.timeout.as_ref();
    let timeout = timeout.and_then(|given| seconds(&substitute::value(given, values)));
    let word = |given: &Value| match substitute::value(given, values) {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let command = match &process.words {
        Words::List(words) => {
            let program = if path == OWN_PROGRAM {
                place.own_program.clone()
            } else {
                PathBuf::from(&path)
            };
            Command::new(program, words.iter().map(word).collect())
        }
        Words::Shell(_) if path == OWN_PROGRAM => {
            return Err("the words for faultline must be a list".to_owned());
        }
        Words::Shell(line) => {
            let line = format!("{path} {}", substitute::text(line, values));
            Command::new("sh".into(), vec!["-c".to_owned(), line])
        }
    };
    Ok(command
        .within(timeout)
        .with_variables(place.variables.clone()))
}

impl Tolerance {
    pub(super) fn replaced(&self, values: &Values) -> Self {
        let text = |given: &String| substitute::text(given, values);
        match self {
            Self::Is(value) => Self::Is(substitute::value(value, values)),
            Self::OneOf(all) => Self::OneOf(
                all.iter()
                    .map(|one| substitute::value(one, values))
                    .collect(),
            ),
            Self::Range { .. } => self.clone(),
            Self::Regex { pattern, target } => Self::Regex {
                pattern: text(pattern),
                target: target.as_ref().map(text),
            },
            Self::Path {
                path,
                target,
                count,
                expect,
            } => Self::Path {
                path: text(path),
                target: target.as_ref().map(text),
                count: *count,
                expect: expect.as_ref().map(|one| substitute::value(one, values)),
            },
        }
    }
}
