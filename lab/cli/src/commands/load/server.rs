//! What the shop itself has measured during a run, from the lab's Prometheus: the gateway's and the services' 95th
//! percentile, and the objectives that no customer can see.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use loadtest::report::Server;
use slo::{Spec, Window, shipped};

use crate::{Lab, prometheus::Prometheus};

/// Two scrapes of five seconds, so that the last requests are counted.
const SCRAPED_WITHIN: Duration = Duration::from_secs(10);
/// A rate over less than four scrapes is noise.
const WINDOW_MIN_S: u64 = 20;
/// What the customers' side of the load measures by itself.
const SEEN_BY_CUSTOMERS: [&str; 3] = ["availability", "latency", "checkout"];
const BUCKETS: &str = "http_server_request_duration_seconds_bucket";

/// Asks about a window that has just ended.
///
/// # Errors
/// Prometheus does not answer.
pub(super) async fn measured(
    lab: &Lab,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> anyhow::Result<Server> {
    let settled = until + SCRAPED_WITHIN;
    let wait = (settled - Utc::now()).to_std().unwrap_or_default();
    tokio::time::sleep(wait).await;
    let seconds = u64::try_from((settled - from).num_seconds()).unwrap_or_default();
    let window = Window::seconds(seconds.max(WINDOW_MIN_S));
    let prometheus = Prometheus::of(lab)?.as_of(settled);
    Ok(Server {
        gateway_p95_ms: gateway(&prometheus, window).await?,
        service_p95_ms: services(&prometheus, window).await?,
        objectives: objectives(&prometheus, window).await?,
    })
}

async fn gateway(prometheus: &Prometheus, window: Window) -> anyhow::Result<Option<f64>> {
    let query = format!(
        r#"1000 * histogram_quantile(0.95, sum by (le) (rate({BUCKETS}{{job="faultline",service="gateway"}}[{window}])))"#
    );
    prometheus.number(&query).await
}

async fn services(
    prometheus: &Prometheus,
    window: Window,
) -> anyhow::Result<BTreeMap<String, f64>> {
    let query = format!(
        r#"1000 * histogram_quantile(0.95, sum by (le, http_request_method, http_route)
           (rate({BUCKETS}{{job="faultline",service!="gateway",http_route=~"/api/v1/.+"}}[{window}])))"#
    );
    let samples = prometheus.query(&query).await?;
    let named = samples
        .iter()
        .filter(|sample| sample.value.is_finite())
        .filter_map(|sample| {
            let label = |name: &str| sample.labels.get(name).map(String::as_str);
            let name = endpoint(label("http_request_method")?, label("http_route")?);
            Some((name, sample.value))
        });
    Ok(named.collect())
}

/// A service's route under the name that the load gives it: `GET /orders/{id}`.
fn endpoint(method: &str, route: &str) -> String {
    let route = route
        .strip_prefix("/api/v1")
        .unwrap_or(route)
        .trim_end_matches('/');
    let part = |part: &str| {
        if part.starts_with('{') {
            "{id}".to_owned()
        } else {
            part.to_owned()
        }
    };
    let parts: Vec<String> = route.split('/').map(part).collect();
    format!("{method} {}", parts.join("/"))
}

async fn objectives(
    prometheus: &Prometheus,
    window: Window,
) -> anyhow::Result<BTreeMap<String, f64>> {
    let spec = Spec::parse(shipped::OBJECTIVES).context("the objectives that were compiled in")?;
    let mut shares = BTreeMap::new();
    for slo in spec
        .slos
        .iter()
        .filter(|slo| !SEEN_BY_CUSTOMERS.contains(&slo.name.as_str()))
    {
        let events = &slo.sli.events;
        let query = format!(
            "100 * (1 - ({}) / ({}))",
            events.errors_over(window),
            events.total_over(window)
        );
        if let Some(share) = prometheus.number(&query).await? {
            shares.insert(slo.name.clone(), share);
        }
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_services_go_by_the_names_of_the_load() {
        assert_eq!(endpoint("GET", "/api/v1/orders/{id}"), "GET /orders/{id}");
        assert_eq!(
            endpoint("POST", "/api/v1/inventory/{product_id}/restock"),
            "POST /inventory/{id}/restock"
        );
        assert_eq!(endpoint("GET", "/api/v1/products/"), "GET /products");
    }
}
