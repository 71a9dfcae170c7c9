//! Query parameters, and searches made from them.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;
use chrono::DateTime;

use super::{BadQuery, TRACES_MAX, go_duration};
use crate::store::Search;

/// All parameters of a request, in the order in which they were sent.
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, state).await?;
        Ok(Self::parse(query.as_deref().unwrap_or_default()))
    }
}

/// A parameter that was sent: the name it was sent under, and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Param<'a> {
    name: &'a str,
    pub(super) value: &'a str,
}

impl Params {
    pub(super) fn parse(query: &str) -> Self {
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The first of these names that was sent with a value: the current name and its old ones.
    pub(super) fn get(&self, names: &[&'static str]) -> Option<Param<'_>> {
        let sent = |name: &&'static str| self.all(name).find(|value| !value.is_empty());
        names
            .iter()
            .find_map(|name| sent(name).map(|value| Param { name, value }))
    }

    /// Every value of a parameter that may be repeated.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A text, if it was sent.
    pub(super) fn text(&self, names: &[&'static str]) -> Option<String> {
        self.get(names).map(|param| param.value.to_owned())
    }

    /// RFC 3339 with up to nanoseconds, as nanoseconds since 1970.
    pub(super) fn time(&self, names: &[&'static str]) -> Result<Option<u64>, BadQuery> {
        self.read(names, |text| {
            let time = DateTime::parse_from_rfc3339(text).map_err(|error| error.to_string())?;
            let nanoseconds = time.timestamp_nanos_opt().and_then(|it| it.try_into().ok());
            nanoseconds.ok_or_else(|| format!("{text} is out of range"))
        })
    }

    /// A whole number of units, each of so many nanoseconds.
    pub(super) fn units(
        &self,
        names: &[&'static str],
        nanoseconds: u64,
    ) -> Result<Option<u64>, BadQuery> {
        self.read(names, |text| {
            let units: u64 = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
            let product = units.checked_mul(nanoseconds);
            product.ok_or_else(|| format!("{text} is out of range"))
        })
    }

    /// A duration as Go writes it, in nanoseconds.
    pub(super) fn duration(&self, names: &[&'static str]) -> Result<Option<u64>, BadQuery> {
        self.read(names, go_duration::nanoseconds)
    }

    /// A JSON object of strings.
    pub(super) fn map(&self, names: &[&'static str]) -> Result<Vec<(String, String)>, BadQuery> {
        let map: Option<BTreeMap<String, String>> = self.read(names, |text| {
            serde_json::from_str(text).map_err(|error| error.to_string())
        })?;
        Ok(map.unwrap_or_default().into_iter().collect())
    }

    /// How many traces are wanted.
    pub(super) fn limit(&self, names: &[&'static str]) -> Result<Option<usize>, BadQuery> {
        self.read(names, |text| match text.parse() {
            Ok(0) => Err("ask for one at least".to_owned()),
            Ok(limit) if limit > TRACES_MAX => Err(format!("ask for {TRACES_MAX} at most")),
            Ok(limit) => Ok(limit),
            Err(error) => Err(format!("{text:?}: {error}")),
        })
    }

    fn read<T>(
        &self,
        names: &[&'static str],
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, BadQuery> {
        let Some(param) = self.get(names) else {
            return Ok(None);
        };
        let wrong = |why| BadQuery(format!("malformed parameter {}: {why}", param.name));
        read(param.value).map(Some).map_err(wrong)
    }
}

/// A search whose bounds are in order.
pub(super) fn in_order(search: Search) -> Result<Search, BadQuery> {
    let wrong = |what: &str| Err(BadQuery(format!("invalid parameter: {what}")));
    if search.start_min > search.start_max {
        return wrong("the time range ends before it begins");
    }
    if search.duration_min > search.duration_max {
        return wrong("the longest duration is shorter than the shortest");
    }
    Ok(search)
}
