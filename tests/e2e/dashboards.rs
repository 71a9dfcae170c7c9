//! Dashboards in a running lab: every panel shows data soon after the first customers come, and asks for nothing that nobody
//! has measured.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use dashboards::{promql, shipped};
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    client::{Person, product_with_stock},
    lab::{Lab, SERVICES},
};

/// Three scrapes and the evaluation of rules after the shop is open. The goal is 15 seconds; beside compilers and other tests
/// 15 to 24 were measured.
const LIMIT: Duration = Duration::from_secs(30);

/// One question of one panel, as Grafana sends it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    panel: String,
    ask: String,
}

#[tokio::test]
async fn every_panel_shows_data_soon_after_the_first_customers_come() {
    let lab = tokio::task::spawn_blocking(|| Lab::start("dashboards"));
    let lab = lab.await.unwrap();
    let open = Instant::now();
    let prometheus = Prometheus {
        http: Client::builder().no_proxy().build().unwrap(),
        base: lab.env("PROMETHEUS_URL").to_owned(),
    };
    let last = tokio::select! {
        last = prometheus.answers_all(open) => last,
        () = customers(&lab) => unreachable!("they come for ever"),
    };
    println!(
        "{:.1} s after the shop opened, the last: {last}",
        open.elapsed().as_secs_f64()
    );
    prometheus.knows_every_metric().await;
    assert_eq!(lab.down(), Vec::<u64>::new());
}

/// Paid, declined, sold out, cancelled; reads of everything that has a page.
async fn customers(lab: &Lab) {
    let plenty = product_with_stock(lab, 1_000_000).await;
    let scarce = product_with_stock(lab, 1).await;
    let customer = Person::customer(lab).await;
    loop {
        let paid = customer.order(&plenty, 1, "tok_visa").await;
        customer.order(&plenty, 1, "tok_chargeDeclined").await;
        customer.order(&scarce, 5, "tok_visa").await;
        if let Some(id) = paid.body["id"].as_str() {
            let cancel = format!("/api/v1/orders/{id}/cancel");
            customer
                .post(&cancel, &json!({ "reason": "changed my mind" }))
                .await;
        }
        for path in ["orders", "products?limit=3", "users/me", "notifications"] {
            customer.get(&format!("/api/v1/{path}")).await;
        }
    }
}

/// The lab's.
struct Prometheus {
    http: Client,
    base: String,
}

impl Prometheus {
    /// Asks every question until it is answered with a number; says which was the last.
    async fn answers_all(&self, open: Instant) -> String {
        let mut waiting = questions();
        let mut last = String::new();
        assert!(waiting.len() > 150, "{}", waiting.len());
        while !waiting.is_empty() {
            for question in waiting.clone() {
                if self.answers(&question.ask).await {
                    last = question.panel.clone();
                    waiting.remove(&question);
                }
            }
            assert!(
                open.elapsed() < LIMIT,
                "no data after {LIMIT:?}: {waiting:#?}"
            );
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        last
    }

    async fn answers(&self, ask: &str) -> bool {
        let answer = self.post("query", &[("query", ask)]).await;
        assert_eq!(answer["status"], "success", "{ask}: {answer}");
        let series = answer["data"]["result"].as_array().unwrap();
        series.iter().any(|one| one["value"][1] != "NaN")
    }

    /// Where a question has something to say when there is nothing, a misspelt metric would not show above. The rules of the
    /// period are evaluated every half minute, so it may take as long as that.
    async fn knows_every_metric(&self) {
        let questions = questions();
        let asked = questions.iter().flat_map(|it| promql::selectors(&it.ask));
        // Alerts exist when one fires.
        let asked: BTreeSet<String> = asked
            .map(|it| it.metric)
            .filter(|it| it != "ALERTS" && !it.is_empty())
            .collect();
        let since = Instant::now();
        loop {
            let known = self.metrics().await;
            let unknown: Vec<&String> = asked.difference(&known).collect();
            if unknown.is_empty() {
                return;
            }
            assert!(since.elapsed() < LIMIT, "nobody emits {unknown:?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn metrics(&self) -> BTreeSet<String> {
        let values = self.post("label/__name__/values", &[]).await;
        let names = values["data"].as_array().unwrap().iter();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    async fn post(&self, what: &str, form: &[(&str, &str)]) -> Value {
        let url = format!("{}/api/v1/{what}", self.base);
        let request = match form {
            [] => self.http.get(url),
            form => self.http.post(url).form(form),
        };
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// All of them, variables filled in; a page for one service is asked about each.
fn questions() -> BTreeSet<Question> {
    let mut all = BTreeSet::new();
    for (file, text) in shipped::FILES {
        let dashboard: Value = serde_json::from_str(text).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let ask = target["expr"].as_str().unwrap();
                let services = if ask.contains("$service") {
                    &SERVICES[..]
                } else {
                    &[""]
                };
                all.extend(services.iter().map(|service| Question {
                    panel: format!("{file} {} {service}", panel["title"]),
                    ask: filled(ask, service),
                }));
            }
        }
    }
    all
}

/// As Grafana fills it in for a scrape every 5 seconds, a quarter of an hour, and all of everything.
fn filled(ask: &str, service: &str) -> String {
    ask.replace("$__rate_interval", "20s")
        .replace("$__range", "15m")
        .replace("$service", service)
        .replace("$job", ".+")
        .replace("$instance", ".+")
}
