//! `faultline chaos arm`: crash points of services, over their admin ports.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::json;

use crate::nearest::hint;
use crate::shop::{SERVICES, Service};
use crate::{Lab, Verdict, term};

/// The admin port answers in milliseconds or not at all.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Options of `chaos arm`.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub(super) struct Args {
    /// Which service
    pub(super) service: String,
    /// Where it dies: one of those that its admin port lists at /crash-points
    pub(super) point: String,
    /// On which time that it comes by, 1 being the next
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) hit: u32,
}

pub(super) async fn run(lab: &Lab, args: Args) -> anyhow::Result<Verdict> {
    check(lab, &args).await?;
    arm(lab, &args).await?;
    let Args { service, point, .. } = args;
    term::note(format!(
        "{service} dies at {point}; `faultline chaos stop` takes that back."
    ));
    Ok(Verdict::Yes)
}

/// A crash point, as the admin port shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Point {
    pub(super) name: String,
    #[serde(default)]
    pub(super) armed: Option<u32>,
}

/// That service and point are there.
pub(super) async fn check(lab: &Lab, args: &Args) -> anyhow::Result<()> {
    let service = service(&args.service)?;
    let points = points(lab, service).await?;
    let names = || points.iter().map(|point| point.name.as_str());
    if names().any(|name| name == args.point) {
        return Ok(());
    }
    let (name, given) = (service.name, &args.point);
    bail!(
        "{name} has no crash point {given:?}{} (it has: {})",
        hint(given, names()),
        names().collect::<Vec<_>>().join(", ")
    )
}

/// The service of this name, or the nearest.
pub(super) fn service(name: &str) -> anyhow::Result<&'static Service> {
    let names = || SERVICES.iter().map(|service| service.name);
    crate::shop::service(name).with_context(|| {
        format!(
            "there is no service {name:?}{} (there are: {})",
            hint(name, names()),
            names().collect::<Vec<_>>().join(", ")
        )
    })
}

pub(super) async fn points(lab: &Lab, service: &Service) -> anyhow::Result<Vec<Point>> {
    let url = format!("{}/crash-points", lab.admin_url(service));
    let silent = || format!("{} does not answer at {url}", service.name);
    let answer = client()?.get(&url).send().await.with_context(silent)?;
    answer.json().await.with_context(silent)
}

pub(super) async fn arm(lab: &Lab, args: &Args) -> anyhow::Result<()> {
    let body = json!({ "hit": args.hit });
    ask(
        lab,
        Method::PUT,
        service(&args.service)?,
        &args.point,
        Some(body),
    )
    .await
}

pub(super) async fn disarm(lab: &Lab, service: &Service, point: &str) -> anyhow::Result<()> {
    ask(lab, Method::DELETE, service, point, None).await
}

async fn ask(
    lab: &Lab,
    method: Method,
    service: &Service,
    point: &str,
    body: Option<serde_json::Value>,
) -> anyhow::Result<()> {
    let url = format!("{}/crash-points/{point}", lab.admin_url(service));
    let mut request = client()?.request(method, &url);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.with_context(|| format!("ask {url}"))?;
    if !answer.status().is_success() {
        bail!(
            "{} says: {}",
            service.name,
            answer.text().await.unwrap_or_default()
        );
    }
    Ok(())
}

/// Armed points of all services that answer: service and point.
pub(super) async fn armed(lab: &Lab) -> Vec<(&'static Service, String)> {
    let mut armed = Vec::new();
    for service in &SERVICES {
        // A service that is down has no armed points: they live in its process.
        let points = points(lab, service).await.unwrap_or_default();
        let of_it = points.into_iter().filter(|point| point.armed.is_some());
        armed.extend(of_it.map(|point| (service, point.name)));
    }
    armed
}

#[expect(
    clippy::disallowed_methods,
    reason = "the lab acts from outside; the policies of the services' edges are not its own"
)]
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()
}
