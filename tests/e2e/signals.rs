//! From one signal to the next: from a trace to its log lines, from a slow bucket to a trace.

use reqwest::Client;

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, SERVICES, eventually, observed},
    observatory::Observatory,
    traces::{TOLD_WITHIN, trace_id},
};

#[tokio::test]
async fn the_logs_of_a_trace_are_those_of_all_services_that_took_part() {
    let lab = observed().await;
    log_level(&lab, "debug").await;
    let product = product_with_stock(&lab, 5).await;
    let customer = Person::customer(&lab).await;
    let trace = trace_id(&customer.order(&product, 1, "tok_visa").await);
    let observatory = Observatory::of(&lab);
    eventually("every service's lines are there", TOLD_WITHIN, async || {
        let lines = observatory.logs(&trace).await;
        let said = |service: &str, message: &str| {
            lines
                .iter()
                .any(|line| line.service == service && line.message == message)
        };
        let served = ["gateway", "order", "product", "inventory", "payment", "psp"];
        served.iter().all(|service| said(service, "answered"))
            && said("notification", "event settled")
    })
    .await;
    log_level(&lab, "info").await;
}

#[tokio::test]
async fn the_example_of_a_slow_bucket_is_a_trace_that_the_observatory_has() {
    let lab = observed().await;
    let product = product_with_stock(&lab, 5).await;
    let customer = Person::customer(&lab).await;
    // The provider captures and never says so; the shop asks again after 0.8 s.
    let slow = customer
        .order(&product, 1, "tok_visa_captureThenHang")
        .await;
    let page = openmetrics(&lab, "gateway").await;
    let series = "http_server_request_duration_seconds_bucket{";
    let mut examples = page
        .lines()
        .filter(|line| line.starts_with(series) && line.contains("http_route=\"/api/v1/orders\""))
        .filter_map(example);
    let trace = trace_id(&slow);
    let found = examples.find(|(example, _)| *example == trace);
    let (_, seconds) = found.unwrap_or_else(|| panic!("{trace} is no example in\n{page}"));
    assert!(seconds > 0.8, "{seconds} s");
    let observatory = Observatory::of(&lab);
    eventually("the observatory has it", TOLD_WITHIN, async || {
        let spans = observatory.trace(&trace).await;
        spans
            .iter()
            .any(|span| (&*span.service, span.kind) == ("gateway", "SERVER"))
    })
    .await;
}

/// Trace and value of a bucket's exemplar: `… 7 # {trace_id="…",span_id="…"} 0.93 1795258981.5`.
fn example(line: &str) -> Option<(String, f64)> {
    let (_, example) = line.split_once(" # {trace_id=\"")?;
    let (trace, rest) = example.split_once('"')?;
    let value = rest.split_once("} ")?.1.split(' ').next()?;
    Some((trace.to_owned(), value.parse().ok()?))
}

async fn openmetrics(lab: &Lab, service: &str) -> String {
    let url = lab.admin(service, "/metrics");
    let request = Client::new()
        .get(url)
        .header("accept", "application/openmetrics-text");
    request.send().await.unwrap().text().await.unwrap()
}

/// From now on every service says more, or less.
pub(crate) async fn log_level(lab: &Lab, level: &'static str) {
    for service in SERVICES {
        let url = lab.admin(service, "/log-level");
        let answer = Client::new().put(url).body(level).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{service}");
    }
}
