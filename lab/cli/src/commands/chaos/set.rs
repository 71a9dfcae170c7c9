//! `faultline chaos set`: one fault on one edge.

use std::time::Duration;

use anyhow::{Context as _, bail};
use proxy::toxic::{self, Toxic};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Lease;
use crate::chaos_proxy::Control;
use crate::nearest::hint;
use crate::{Lab, Verdict, edges, term};

/// A disabled edge is a fault as well.
const DOWN: &str = "down";

/// What `--help` says.
pub(super) const HELP: &str = "Set a fault on an edge, such as:\n\n\
    faultline chaos set 'order->payment' latency latency=300 jitter=100 --lease 1m\n\
    faultline chaos set 'user->redis' down --lease 10s\n\n\
    Faults: latency (latency, jitter: ms), bandwidth (rate: KB/s), slow_close (delay: ms), timeout (timeout: ms; bytes vanish), \
    reset_peer (timeout: ms), slicer (average_size, size_variation: bytes, delay: µs), limit_data (bytes), blackhole (holds \
    everything, loses nothing), down (refuses connections).\n\n\
    Where an edge carries HTTP: http_abort (status), http_delay (delay: ms), http_reply_delay (delay: ms), http_reply_lost (the server \
    did it, the caller's connection is reset), http_duplicate (sent twice), http_headers (delay_max: ms; requests carry their own faults \
    in Envoy's headers). method=POST and path=/payments/{id} narrow them down; --toxicity is the share of requests.\n\n\
    Edges: CALLER->CALLEE for HTTP, as in metrics and traces (gateway->order, payment->stripe), and SERVICE->redis, ->kafka, ->smtp, \
    ->otlp; ->postgres if the lab was started with --postgres-edges.";

/// Options of `chaos set`.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Args {
    /// Whose way to whom
    pub(super) edge: String,
    /// What happens there
    pub(super) toxic: String,
    /// How much of it
    #[arg(value_name = "KEY=VALUE")]
    pub(super) attributes: Vec<String>,
    /// When it heals by itself
    #[arg(long, default_value = "30s")]
    pub(super) lease: Lease,
    /// Which way: upstream (requests) or downstream (replies). HTTP faults know theirs
    #[arg(long, default_value = "downstream", value_parser = ["upstream", "downstream"])]
    stream: String,
    /// The share of connections it chooses, from 0 to 1; of requests if it acts on these
    #[arg(long, default_value_t = 1.0)]
    toxicity: f64,
    /// Its name [default: TOXIC_STREAM]
    #[arg(long)]
    name: Option<String>,
}

pub(super) async fn run(lab: &Lab, args: Args) -> anyhow::Result<Verdict> {
    let control = Control::of(lab)?;
    check(&args)?;
    known_edge(lab, &control, &args.edge).await?;
    place(&control, &args, args.lease.0, "faultline chaos set", None).await?;
    let (edge, toxic, lease) = (args.edge, args.toxic, args.lease);
    term::note(format!(
        "{edge}: {toxic} is set and heals in {lease}. `faultline chaos faults` shows what it hits."
    ));
    Ok(Verdict::Yes)
}

/// Sets it for somebody. The seed, if there is one, becomes part of its name, and its decisions depend on that.
pub(super) async fn place(
    control: &Control,
    args: &Args,
    lease: Duration,
    holder: &str,
    seed: Option<u64>,
) -> anyhow::Result<()> {
    let attributes = check(args)?;
    let lease_ms = u64::try_from(lease.as_millis())?;
    if args.toxic == DOWN {
        let body = json!({"enabled": false, "lease_ms": lease_ms, "lease_holder": holder});
        control
            .ask(Method::POST, &["proxies", &args.edge], Some(body))
            .await?;
        return Ok(());
    }
    let name = match (&args.name, seed) {
        (name, None) => name.clone(),
        (Some(name), Some(seed)) => Some(format!("{name}#{seed}")),
        (None, Some(seed)) => Some(format!("{}_{}#{seed}", args.toxic, args.stream)),
    };
    let body = json!({
        "name": name, "type": args.toxic, "stream": args.stream, "toxicity": args.toxicity,
        "attributes": attributes, "lease_ms": lease_ms, "lease_holder": holder,
    });
    control
        .ask(Method::POST, &["proxies", &args.edge, "toxics"], Some(body))
        .await?;
    Ok(())
}

/// What can be said without a lab: the type, its attributes, the share.
pub(super) fn check(args: &Args) -> anyhow::Result<Map<String, Value>> {
    if !(0.0..=1.0).contains(&args.toxicity) {
        bail!("--toxicity must be from 0 to 1, not {}", args.toxicity);
    }
    let given: Map<String, Value> = args
        .attributes
        .iter()
        .map(|text| attribute(text))
        .collect::<Result<_, _>>()?;
    let kinds = || toxic::types().chain([DOWN]);
    let kind = args.toxic.as_str();
    let known = match Toxic::parse(kind, &given)? {
        Some(toxic) => toxic.attributes(),
        None if kind == DOWN => Map::new(),
        None => bail!(
            "there is no fault {kind:?}{}; there are: {}",
            hint(kind, kinds()),
            kinds().collect::<Vec<_>>().join(", ")
        ),
    };
    if let Some(name) = given.keys().find(|name| !known.contains_key(*name)) {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        bail!(
            "{kind} has no attribute {name:?}{}; it has: {}",
            hint(name, names.iter().copied()),
            names.join(", ")
        );
    }
    Ok(given)
}

fn attribute(text: &str) -> anyhow::Result<(String, Value)> {
    let (name, value) = text
        .split_once('=')
        .with_context(|| format!("{text:?} is not KEY=VALUE"))?;
    // The proxy's own reading says which attribute is to be which.
    let value = value
        .parse::<u64>()
        .map_or_else(|_| Value::from(value), Value::from);
    Ok((name.to_owned(), value))
}

/// That the edge is there, by the proxy's own word.
pub(super) async fn known_edge(lab: &Lab, control: &Control, edge: &str) -> anyhow::Result<()> {
    let proxies = control.ask(Method::GET, &["proxies"], None).await?;
    let proxies = proxies
        .as_object()
        .context("the chaos proxy lists no edges")?;
    if proxies.contains_key(edge) {
        return Ok(());
    }
    if edges::all(lab).iter().any(|wire| wire.name == edge) {
        bail!(
            "{edge} does not go through the chaos proxy in this lab: start it with `faultline up --postgres-edges`"
        );
    }
    let names = || proxies.keys().map(String::as_str);
    bail!(
        "there is no edge {edge:?}{}; there are: {}",
        hint(edge, names()),
        names().collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(toxic: &str, attributes: &[&str], toxicity: f64) -> Args {
        Args {
            edge: "order->payment".to_owned(),
            toxic: toxic.to_owned(),
            attributes: attributes.iter().map(|text| (*text).to_owned()).collect(),
            lease: Lease(Duration::from_secs(1)),
            stream: "downstream".to_owned(),
            toxicity,
            name: None,
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_was_probably_meant() {
        for (wrong, says) in [
            (args("latancy", &[], 1.0), "did you mean latency?"),
            (args("latency", &["jiter=1"], 1.0), "did you mean jitter?"),
            (
                args("latency", &["latency=fast"], 1.0),
                "latency must be a whole number",
            ),
            (args("http_abort", &["status=99"], 1.0), "200 to 599"),
            (
                args("http_delay", &["path=orders"], 1.0),
                "path must be a path such as /orders",
            ),
            (args("latency", &["latency"], 1.0), "KEY=VALUE"),
            (args("latency", &[], 1.5), "--toxicity must be from 0 to 1"),
            (args("down", &["rate=1"], 1.0), "down has no attribute"),
        ] {
            let error = check(&wrong).expect_err("it is wrong").to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(check(&args("latency", &["latency=5"], 0.5)).is_ok());
        let narrow = &["method=post", "path=/payments/{id}"];
        assert!(check(&args("http_reply_lost", narrow, 1.0)).is_ok());
        assert!(check(&args("down", &[], 1.0)).is_ok());
    }
}
