//! `faultline demo`: a minute of customers, then the figures and the verdict.

mod ending;

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use auditor::Report as Books;
use chrono::Utc;
use loadtest::{
    document::Document,
    ground::Shelves,
    history::History,
    profile::Profile,
    report::{Report, Verdict as Outcome},
    run::Ready,
};
use serde_json::json;
use supervisor::Status;

use self::ending::Ending;
use super::{
    load::{progress::ProgressLine, work},
    up,
};
use crate::{
    Lab, Verdict, books, catalogue,
    cli::Global,
    lab, shopkeeper,
    term::{self, Column, Paint, megabytes, note, table},
};

/// What `--help` says.
pub const HELP: &str = "Start the lab if it is not running, let customers register, log in, browse, \
    order, pay and cancel through the gateway for a minute, then print what became of the orders, \
    latencies by endpoint, memory by process, whether the books balance, the slowest order as a \
    waterfall, and how the objectives stand. The lab stays up; `faultline down` stops it.\n\nOrders arrive at a fixed rate whatever the shop does, and their \
    latency counts from the intended start. Some cards are declined, some products sell out, some \
    customers change their minds. The history of every request and a report stay in load/demo of the \
    lab's folder.\n\nExit code 0 if the books balance and at least 99.9 % of the \
    answers were right, 1 if not.";

/// The profile that it runs; its condition is 99.9 % of right answers.
const PROFILE: &str = "demo";
/// The goal for the checkout, from the first byte out to the last byte in.
const CHECKOUT_P95_MS: f64 = 100.0;
const CHECKOUT: &str = "POST /orders";

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For how long customers come
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub seconds: u64,
    /// Orders a second
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rate: u32,
    /// Customers
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub customers: usize,
    /// The figures as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs the demo.
///
/// # Errors
/// When the lab cannot be started or looked at.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    if lab::running(&Lab::of(global)?.home).is_none() {
        let started = up::run(global, up::Args::detached()).await?;
        if started != Verdict::Yes {
            return Ok(started);
        }
    }
    let lab = Lab::of(global)?;
    let since = Utc::now();
    let folder = lab.home.state.join("load").join(PROFILE);
    let traffic = drive(&lab, &args, &folder).await?;
    note("The last customer has left; looking at the books.");
    let (books, ()) = tokio::join!(work::auditable(&lab, &folder), ending::told());
    let books = books?;
    let ending = Ending::of(&lab, since).await;
    let status = lab::client(&lab.home)?.status().await?;
    let document = Document::new(vec![traffic.clone()], Some(work::summary(&books)), None);
    loadtest::render::write(&document, &folder)?;
    if args.json {
        term::json(&json!({
            "traffic": traffic, "books": books, "status": status,
            "slowest_order_trace_id": ending.trace_id(), "slo": ending.objectives,
        }))?;
    } else {
        let paint = Paint::stdout();
        show(&traffic, &books, &status, paint);
        ending.show(paint);
        look_around(&lab, &status, paint);
    }
    Ok(Verdict::from_bool(document.verdict == Outcome::Passed))
}

/// The shipped profile with the demo's own options.
fn profile(args: &Args) -> anyhow::Result<Profile> {
    let profile = Profile::shipped(PROFILE).expect("it is shipped");
    let profile = profile
        .with_duration(Duration::from_secs(args.seconds))
        .with_rate(f64::from(args.rate))
        .with_customers(args.customers);
    let problems = profile.problems();
    match problems.first() {
        Some(problem) => bail!("{} {}", problem.key, problem.text),
        None => Ok(profile),
    }
}

async fn drive(lab: &Lab, args: &Args, folder: &PathBuf) -> anyhow::Result<Report> {
    let profile = profile(args)?;
    let (customers, rate, seconds) = (args.customers, args.rate, args.seconds);
    note(format!(
        "{customers} customers register, then order {rate} times a second for {seconds} s."
    ));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let history = Arc::new(History::create(&folder.join(work::HISTORY))?);
    let line = ProgressLine::new(customers, profile.duration);
    let shelves = Shelves {
        plentiful: catalogue::plentiful(),
        scarce: catalogue::scarce(),
        administrator: None,
    };
    let gateway = shopkeeper::gateway(lab);
    let show = |progress| line.show(progress);
    let ready = Ready::prepare(&gateway, shelves, &profile, Some(history.clone()), show).await?;
    // Ctrl-C ends the demo as it ends every command.
    let (_never, stop) = tokio::sync::watch::channel(false);
    let finished = ready.run(&profile, stop, show).await?;
    drop(ready);
    let history = Arc::into_inner(history).context("nobody writes any more")?;
    history.finish().context("write the history")?;
    let conditions = profile.thresholds.clone().unwrap_or_default();
    Ok(Report::of(&profile, &finished, &conditions, None))
}

fn show(traffic: &Report, books: &Books, status: &Status, paint: Paint) {
    term::out(paint.bold("Orders"));
    for (outcome, count) in &traffic.orders {
        term::out(format!("  {count:>6}  {outcome}"));
    }
    let (orders, requests) = (traffic.orders_per_second, traffic.requests_per_second);
    term::out(format!(
        "\n  {orders:.1} orders a second, {requests:.0} requests a second"
    ));
    term::out(paint.bold("\nLatency in milliseconds, from the intended start to the last byte"));
    endpoints(traffic);
    checkout_goal(traffic, paint);
    for one in &traffic.endpoints {
        for fault in &one.faults {
            let (count, text) = (fault.count, &fault.text);
            term::out(format!(
                "  {} {count} × {}: {text}",
                paint.red("✗"),
                one.endpoint
            ));
        }
    }
    for limit in traffic.limited_by.iter().filter(|limit| limit.is_warning()) {
        term::out(format!("  {} {}", paint.yellow("!"), limit.why));
    }
    term::out(paint.bold("\nMemory"));
    memory(status);
    term::out(paint.bold("\nBooks"));
    books::show(books, paint);
    figures(books);
}

fn look_around(lab: &Lab, status: &Status, paint: Paint) {
    term::out(paint.bold("\nLook around"));
    term::out(format!(
        "  {}/api/v1/products?limit=3",
        shopkeeper::gateway(lab)
    ));
    term::out(format!("  {}/health", shopkeeper::gateway(lab)));
    if has(status, "grafana") {
        term::out(format!("  {}   the dashboards", lab.grafana_url()));
    }
    for name in ["order", "payment"] {
        let service = crate::shop::service(name).expect("the table has it");
        term::out(format!("  {}/metrics", lab.admin_url(service)));
    }
    term::out("  faultline smoke · faultline mails · faultline logs order -f · make down");
}

fn has(status: &Status, name: &str) -> bool {
    status.processes.iter().any(|process| process.name == name)
}

fn endpoints(traffic: &Report) {
    const HEADING: [(&str, Column); 7] = [
        ("  ENDPOINT", Column::Left),
        ("COUNT", Column::Right),
        ("ERRORS", Column::Right),
        ("P50", Column::Right),
        ("P95", Column::Right),
        ("P99", Column::Right),
        ("MAX", Column::Right),
    ];
    let mut all: Vec<_> = traffic.endpoints.iter().chain(&traffic.set_up).collect();
    all.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
    let rows: Vec<Vec<String>> = all
        .into_iter()
        .map(|stats| {
            let ms = |value: f64| format!("{value:.1}");
            vec![
                format!("  {}", stats.endpoint),
                stats.count.to_string(),
                stats.errors.to_string(),
                ms(stats.p50_ms),
                ms(stats.p95_ms),
                ms(stats.p99_ms),
                ms(stats.max_ms),
            ]
        })
        .collect();
    for line in table(&HEADING, &rows, |_, _, text| text) {
        term::out(line);
    }
}

fn checkout_goal(traffic: &Report, paint: Paint) {
    let Some(checkout) = traffic.endpoint(CHECKOUT) else {
        return;
    };
    let met = checkout.p95_ms < CHECKOUT_P95_MS;
    let mark = if met {
        paint.green("✓")
    } else {
        paint.yellow("✗")
    };
    let p95 = checkout.p95_ms;
    term::out(format!(
        "\n  {mark} checkout p95 {p95:.1} ms; the goal is under {CHECKOUT_P95_MS} ms"
    ));
}

fn memory(status: &Status) {
    let lines: Vec<String> = status
        .processes
        .iter()
        .map(|process| format!("{} {}", process.name, megabytes(process.rss_bytes)))
        .collect();
    for line in lines.chunks(4) {
        term::out(format!("  {}", line.join(" · ")));
    }
    term::out(format!("  {} in all", megabytes(status.rss_total_bytes)));
}

fn figures(books: &Books) {
    let totals = &books.totals;
    let (orders, money) = (&totals["orders"], &totals["money_minor_units"]);
    let (stock, events) = (&totals["stock_units"], &totals["events"]);
    term::out(format!(
        "  orders: {} paid, {} cancelled, {} pending",
        orders["paid"], orders["cancelled"], orders["pending"]
    ));
    term::out(format!(
        "  money (cents): captured {} − refunded {} = {} kept by orders; the provider says {} − {}",
        money["payments_captured"],
        money["payments_refunded"],
        money["orders_kept"],
        money["psp_captured"],
        money["psp_refunded"]
    ));
    term::out(format!(
        "  stock: received {} = available {} + reserved {} + sold {}",
        stock["received"], stock["available"], stock["reserved"], stock["sold"]
    ));
    term::out(format!(
        "  events: {} published, {} in dead-letter topics",
        events["published"], events["dead_letters"]
    ));
}
