//! A counter of a service, read at its admin port: what an experiment says must rise, and how breakers stand.

use std::time::Duration;

use reqwest::Client;

use crate::Lab;
use crate::shop::Service;

const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// What a service tells about itself; empty when it does not answer.
pub(super) async fn page(lab: &Lab, service: &Service) -> String {
    let url = format!("{}/metrics", lab.admin_url(service));
    let Ok(client) = client() else {
        return String::new();
    };
    match client.get(url).send().await {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// The sum of a metric's series that have all of these labels; none when there is no such series.
pub(super) fn sum(page: &str, metric: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    let value = |line: &str| -> Option<f64> {
        let rest = line.strip_prefix(metric)?;
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let has_all = wanted.iter().all(|label| labels.contains(label.as_str()));
        has_all
            .then(|| value.split(' ').next()?.parse().ok())
            .flatten()
    };
    let values: Vec<f64> = page.lines().filter_map(value).collect();
    (!values.is_empty()).then(|| values.iter().sum())
}

/// How often the breaker of an edge has opened, and whether it is closed now.
pub(super) fn breaker(page: &str, edge: &str) -> Option<(f64, bool)> {
    let opened = ["closed", "half_open"].map(|from| {
        let labels = [("edge", edge), ("from", from), ("to", "open")];
        sum(page, "circuit_breaker_transitions_total", &labels).unwrap_or_default()
    });
    let labels = [("name", edge), ("state", "closed")];
    let closed = sum(page, "resilience4j_circuitbreaker_state", &labels)?;
    Some((opened.iter().sum(), closed >= 1.0))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the lab looks from outside; the policies of the services' edges are not its own"
)]
fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP a b\na_total{edge=\"x\",to=\"open\"} 2\na_total{edge=\"y\",to=\"open\"} 3\n\
        a_total_more 9\nplain 4\n\
        circuit_breaker_transitions_total{edge=\"order->payment\",from=\"closed\",to=\"open\"} 1\n\
        resilience4j_circuitbreaker_state{name=\"order->payment\",state=\"closed\",service=\"order\"} 1\n";

    #[test]
    fn series_with_the_labels_are_added_up() {
        assert_eq!(sum(PAGE, "a_total", &[]), Some(5.0));
        assert_eq!(sum(PAGE, "a_total", &[("edge", "y")]), Some(3.0));
        assert_eq!(sum(PAGE, "a_total", &[("edge", "z")]), None);
        assert_eq!(sum(PAGE, "plain", &[]), Some(4.0));
        assert_eq!(breaker(PAGE, "order->payment"), Some((1.0, true)));
        assert_eq!(breaker(PAGE, "order->product"), None);
    }
}
