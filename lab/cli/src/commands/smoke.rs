//! `faultline smoke`: one real order, followed through every service by its trace.

use std::{fs, time::Duration};

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    Lab, Verdict,
    cli::Global,
    lab, prove,
    shop::SERVICES,
    term::{self, Paint},
};

/// What `--help` says.
pub const HELP: &str = "Register a new customer, order one thing, pay, and print what each service \
    logged for that order's trace, in order. Exit code 0 if the order is paid.";

/// Makes every service say when it has answered.
const LOUD: &str = "info,chassis=debug";
const NORMAL: &str = "info";
/// Events reach their consumers within this.
const EVENTS_SETTLE: Duration = Duration::from_millis(1_500);

/// Options of `smoke`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON: {"order_id", "status", "trace_id", "lines": […]}
    #[arg(long)]
    pub json: bool,
}

/// Orders one thing.
///
/// # Errors
/// When no lab runs or the shop does not answer.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let lab = Lab::of(global)?;
    lab::client(&lab.home)?;
    set_log_level(&lab, LOUD).await?;
    let bought = prove::buy(&lab).await;
    tokio::time::sleep(EVENTS_SETTLE).await;
    set_log_level(&lab, NORMAL).await?;
    let order = bought?;
    let lines = lines_of(&lab, &order.trace_id)?;
    if args.json {
        term::json(&serde_json::json!({
            "order_id": order.id,
            "status": order.outcome(),
            "trace_id": order.trace_id,
            "lines": lines,
        }))?;
    } else {
        let paint = Paint::stdout();
        lines
            .iter()
            .for_each(|line| term::out(describe(line, paint)));
        let outcome = order.outcome();
        term::out(format!(
            "\norder {} is {outcome}, trace {}",
            order.id, order.trace_id
        ));
    }
    Ok(Verdict::from_bool(order.status == "paid"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "an operator at the admin port has no edge policy"
)]
async fn set_log_level(lab: &Lab, filter: &'static str) -> anyhow::Result<()> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(2))
        .build()?;
    for service in &SERVICES {
        let url = format!("{}/log-level", lab.admin_url(service));
        let answer = http.put(&url).body(filter).send().await;
        answer
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| url)?;
    }
    Ok(())
}

/// Every line that any service has logged in this trace, oldest first.
fn lines_of(lab: &Lab, trace_id: &str) -> anyhow::Result<Vec<Value>> {
    let mut lines = Vec::new();
    for service in &SERVICES {
        let file = lab
            .home
            .state
            .join("logs")
            .join(format!("{}.log", service.name));
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let parsed = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        // The gateway's access line says what its "answered" line says.
        let of_trace = |line: &Value| line["trace_id"] == trace_id && line["message"] != "request";
        lines.extend(parsed.filter(of_trace));
    }
    lines.sort_by_key(|line| line["time"].as_str().unwrap_or_default().to_owned());
    Ok(lines)
}

fn describe(line: &Value, paint: Paint) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let what = match (
        line["http.request.method"].as_str(),
        line["url.path"].as_str(),
    ) {
        (Some(method), Some(path)) => {
            let status = &line["http.response.status_code"];
            let took = line["duration_ms"].as_f64().unwrap_or_default();
            format!("{method} {path} → {status} in {took:.1} ms")
        }
        _ => match line["messaging.destination.name"].as_str() {
            Some(topic) => format!("{} from {topic}: {}", text("message"), text("outcome")),
            None => text("message"),
        },
    };
    let time = text("time");
    let clock = time.get(11..23).unwrap_or_default();
    format!("{}  {:<13} {what}", paint.dim(clock), text("service"))
}
