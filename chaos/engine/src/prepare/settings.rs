//! Where values of configuration and secrets come from.

use serde_json::Value;

use super::Place;
use super::replaced::{command, request};
use crate::experiment::{EnvKind, Provider, Setting, Source};
use crate::substitute::{self, Values};

pub(super) async fn resolved(
    setting: &Setting,
    values: &Values,
    place: &Place,
) -> Result<Value, String> {
    match &setting.source {
        Source::Here(value) => Ok(substitute::value(value, values)),
        Source::Environment { key, default, kind } => match place.variables.get(key) {
            Some(text) => {
                typed(text, *kind).map_err(|what| format!("{key} is {text:?}, not {what}"))
            }
            None => default
                .clone()
                .ok_or_else(|| format!("{}: the variable {key} is not set", setting.name)),
        },
        Source::Probe(provider) => {
            let found = match provider.as_ref() {
                Provider::Http(http) => request(http, values, false)?.send().await,
                Provider::Process(process) => command(process, values, place)?.run().await,
            };
            let found = found.map_err(|error| format!("{}: {error}", setting.name))?;
            let text = found.get("stdout").and_then(Value::as_str);
            let body = found.get("body").cloned();
            Ok(text.map_or_else(|| body.unwrap_or_default(), |text| text.trim().into()))
        }
    }
}

fn typed(text: &str, kind: EnvKind) -> Result<Value, &'static str> {
    match kind {
        EnvKind::Text => Ok(text.into()),
        EnvKind::Whole => text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| "a whole number"),
        EnvKind::Number => text.parse::<f64>().map(Value::from).map_err(|_| "a number"),
        EnvKind::Flag => {
            Ok(matches!(text.to_lowercase().as_str(), "true" | "1" | "yes" | "on").into())
        }
        EnvKind::Json => serde_json::from_str(text).map_err(|_| "JSON"),
    }
}
