//! Questions to the lab's Prometheus, answered in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use reqwest::Client;
use serde::Deserialize;

use crate::Lab;

/// The lab's own queries take milliseconds; Prometheus itself gives up after this.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A running Prometheus.
#[derive(Debug)]
pub struct Prometheus {
    http: Client,
    base: String,
    /// Seconds since 1970; none: now.
    as_of: Option<i64>,
}

/// One series and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its labels, `__name__` included.
    pub labels: BTreeMap<String, String>,
    /// Its value; may be NaN.
    pub value: f64,
}

/// One series over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Seconds since 1970, and the value.
    pub points: Vec<(f64, f64)>,
}

impl Prometheus {
    /// That of a lab.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn of(lab: &Lab) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the lab looks from outside; the policies of the services' edges are not its own"
        )]
        let http = Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?;
        Ok(Self {
            http,
            base: lab.prometheus_url(),
            as_of: None,
        })
    }

    /// The same, asked as of a moment of the past.
    #[must_use]
    pub fn as_of(self, moment: DateTime<Utc>) -> Self {
        Self {
            as_of: Some(moment.timestamp()),
            ..self
        }
    }

    /// The samples that an expression gives, in no order.
    ///
    /// # Errors
    /// When Prometheus does not answer, or with what it says about the expression.
    pub async fn query(&self, expression: &str) -> anyhow::Result<Vec<Sample>> {
        let mut form = vec![("query", expression.to_owned())];
        form.extend(self.as_of.map(|moment| ("time", moment.to_string())));
        let asked = self
            .http
            .post(format!("{}/api/v1/query", self.base))
            .form(&form)
            .send()
            .await
            .with_context(|| format!("Prometheus does not answer at {}", self.base))?;
        let answer = asked.text().await.context("read Prometheus' answer")?;
        samples(&answer).with_context(|| format!("the query was: {expression}"))
    }

    /// How what an expression gives went over time: its series, each a point every `step`.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn range(
        &self,
        expression: &str,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        step: Duration,
    ) -> anyhow::Result<Vec<Course>> {
        let form = [
            ("query", expression.to_owned()),
            ("start", from.timestamp().to_string()),
            ("end", until.timestamp().to_string()),
            ("step", step.as_secs().to_string()),
        ];
        let asked = self
            .http
            .post(format!("{}/api/v1/query_range", self.base))
            .form(&form)
            .send()
            .await
            .with_context(|| format!("Prometheus does not answer at {}", self.base))?;
        let answer = asked.text().await.context("read Prometheus' answer")?;
        courses(&answer).with_context(|| format!("the query was: {expression}"))
    }

    /// The one number that an expression gives; none when it gives no number.
    ///
    /// # Errors
    /// As [`Prometheus::query`].
    pub async fn number(&self, expression: &str) -> anyhow::Result<Option<f64>> {
        let samples = self.query(expression).await?;
        let first = samples.first().map(|sample| sample.value);
        Ok(first.filter(|value| value.is_finite()))
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    data: Option<Data<T>>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Data<T> {
    result: Vec<T>,
}

#[derive(Deserialize)]
struct Series {
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

#[derive(Deserialize)]
struct Matrix {
    metric: BTreeMap<String, String>,
    values: Vec<(f64, String)>,
}

fn result<T: serde::de::DeserializeOwned>(answer: &str) -> anyhow::Result<Vec<T>> {
    let answer: Answer<T> =
        serde_json::from_str(answer).context("Prometheus answered something else than series")?;
    match answer.data {
        Some(data) => Ok(data.result),
        None => bail!(
            "Prometheus says: {}",
            answer.error.unwrap_or_else(|| "nothing".into())
        ),
    }
}

fn samples(answer: &str) -> anyhow::Result<Vec<Sample>> {
    result::<Series>(answer)?.into_iter().map(sample).collect()
}

/// Points that are no number are left out.
fn courses(answer: &str) -> anyhow::Result<Vec<Course>> {
    let point = |(at, text): (f64, String)| {
        let value: f64 = text.parse().ok()?;
        value.is_finite().then_some((at, value))
    };
    let course = |matrix: Matrix| Course {
        labels: matrix.metric,
        points: matrix.values.into_iter().filter_map(point).collect(),
    };
    Ok(result::<Matrix>(answer)?.into_iter().map(course).collect())
}

fn sample(series: Series) -> anyhow::Result<Sample> {
    let (_, text) = series.value;
    // It writes NaN, +Inf and -Inf, all of which Rust reads.
    let value = text
        .parse()
        .with_context(|| format!("{text:?} is no number"))?;
    Ok(Sample {
        labels: series.metric,
        value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_read() {
        let answer = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"sloth_slo":"latency"},"value":[1700000000.1,"0.25"]},
            {"metric":{},"value":[1700000000.1,"NaN"]}]}}"#;
        let samples = samples(answer).unwrap();
        assert_eq!(samples[0].labels["sloth_slo"], "latency");
        assert!((samples[0].value - 0.25).abs() < f64::EPSILON);
        assert!(samples[1].value.is_nan());
    }

    #[test]
    fn a_matrix_is_read_without_what_is_no_number() {
        let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"name":"order->payment"},"values":[[10,"0"],[15,"NaN"],[20.5,"2"]]}]}}"#;
        let courses = courses(answer).unwrap();
        assert_eq!(courses[0].labels["name"], "order->payment");
        assert_eq!(courses[0].points, [(10.0, 0.0), (20.5, 2.0)]);
    }

    #[test]
    fn what_prometheus_objects_to_is_passed_on() {
        let answer = r#"{"status":"error","errorType":"bad_data","error":"parse error: x"}"#;
        let error = samples(answer).unwrap_err().to_string();
        assert!(error.contains("parse error: x"), "{error}");
        assert!(samples("<html>").is_err());
    }
}
