//! `faultline chaos faults`: what is set now, what it has hit, and when it heals.

use reqwest::Method;
use serde_json::Value;

use crate::chaos_proxy::Control;
use crate::term::{self, Column, table};
use crate::{Lab, Verdict};

/// Options of `chaos faults`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// As JSON: {"active": [{"proxy", "name", "type", "stream", "attributes", "toxicity", "holder", "age_ms", "lease_ms",
    /// "lease_left_ms", "hits", "bytes", "connections"}], "ended": [the same with "ended" and "ended_at_ms"]}
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(lab: &Lab, args: Args) -> anyhow::Result<Verdict> {
    let control = Control::of(lab)?;
    if args.json {
        term::json(&control.ask(Method::GET, &["faults"], None).await?)?;
        return Ok(Verdict::Yes);
    }
    let active = active(&control).await?;
    if active.is_empty() {
        term::out("No fault is set.");
        return Ok(Verdict::Yes);
    }
    const HEADING: [(&str, Column); 7] = [
        ("EDGE", Column::Left),
        ("FAULT", Column::Left),
        ("WHAT", Column::Left),
        ("HITS", Column::Right),
        ("CONNECTIONS", Column::Right),
        ("BYTES", Column::Right),
        ("HEALS IN", Column::Right),
    ];
    let rows: Vec<Vec<String>> = active.iter().map(row).collect();
    table(&HEADING, &rows, |_, _, text| text)
        .into_iter()
        .for_each(term::out);
    Ok(Verdict::Yes)
}

/// What is set now.
pub(super) async fn active(control: &Control) -> anyhow::Result<Vec<Value>> {
    let faults = control.ask(Method::GET, &["faults"], None).await?;
    Ok(faults["active"].as_array().cloned().unwrap_or_default())
}

fn row(fault: &Value) -> Vec<String> {
    let text = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| fault[name].as_u64().unwrap_or_default().to_string();
    let heals = fault["lease_left_ms"].as_u64().map_or_else(
        || "never by itself".to_owned(),
        |left| format!("{:.1} s", left as f64 / 1000.0),
    );
    vec![
        text("proxy"),
        text("name"),
        what(fault),
        number("hits"),
        number("connections"),
        number("bytes"),
        heals,
    ]
}

/// `latency downstream latency=200 jitter=0, 50 % of connections`
fn what(fault: &Value) -> String {
    let attributes = fault["attributes"].as_object().into_iter().flatten();
    let said = attributes.filter(|(_, value)| value.as_str() != Some(""));
    let attributes: String = said
        .map(|(name, value)| match value.as_str() {
            Some(text) => format!(" {name}={text}"),
            None => format!(" {name}={value}"),
        })
        .collect();
    let word = |name: &str| fault[name].as_str().unwrap_or_default().to_owned();
    let toxicity = fault["toxicity"].as_f64().unwrap_or(1.0);
    let share = if toxicity < 1.0 {
        let of = if word("type").starts_with("http_") {
            "requests"
        } else {
            "connections"
        };
        format!(", {:.0} % of {of}", toxicity * 100.0)
    } else {
        String::new()
    };
    format!("{} {}{attributes}{share}", word("type"), word("stream"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_is_one_line_that_says_what_whom_and_how_long() {
        let fault = json!({
            "proxy": "order->payment", "name": "slow", "type": "latency", "stream": "downstream",
            "attributes": {"latency": 200}, "toxicity": 0.5, "lease_left_ms": 1500, "hits": 3, "connections": 2, "bytes": 99,
        });
        let what = "latency downstream latency=200, 50 % of connections";
        assert_eq!(
            row(&fault),
            ["order->payment", "slow", what, "3", "2", "99", "1.5 s"]
        );
    }

    #[test]
    fn what_is_not_narrowed_down_is_not_said() {
        let fault = json!({
            "type": "http_abort", "stream": "upstream", "toxicity": 0.25,
            "attributes": {"status": 503, "method": "POST", "path": ""},
        });
        assert_eq!(
            what(&fault),
            "http_abort upstream method=POST status=503, 25 % of requests"
        );
    }
}
