//! `faultline demo`: a minute of customers, then the figures and the verdict.

mod ending;

use std::{cell::RefCell, time::Duration};

use auditor::Report as Books;
use chrono::Utc;
use loadtest::{Plan, Report, traffic::Progress};
use serde_json::json;
use supervisor::Status;

use self::ending::Ending;
use super::up;
use crate::{
    Lab, Verdict, books, catalogue,
    cli::Global,
    lab,
    progress::spinner,
    shopkeeper,
    term::{self, Column, Paint, megabytes, note, table},
};

/// What `--help` says.
pub const HELP: &str = "Start the lab if it is not running, let customers register, log in, browse, \
    order, pay and cancel through the gateway for a minute, then print what became of the orders, \
    latencies by endpoint, memory by process, whether the books balance, the slowest order as a \
    waterfall, and how the objectives stand. The lab stays up; `faultline down` stops it.\n\nOrders arrive at a fixed rate whatever the shop does, and their \
    latency counts from the intended start. Some cards are declined, some products sell out, some \
    customers change their minds.\n\nExit code 0 if the books balance and at least 99.9 % of the \
    answers were right, 1 if not.";

/// The share of right answers that the verdict asks for, as requests to one wrong answer.
const RIGHT_ANSWERS_TO_ONE_WRONG: u64 = 1_000;
/// What is still under way when the last customer leaves has this long to finish.
const PATIENCE: Duration = Duration::from_secs(15);
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
    let traffic = drive(&lab, &args).await?;
    note("The last customer has left; looking at the books.");
    let (books, ()) = tokio::join!(books::audit(&lab, PATIENCE), ending::told());
    let books = books?;
    let ending = Ending::of(&lab, since).await;
    let status = lab::client(&lab.home)?.status().await?;
    let answers: u64 = traffic
        .endpoints
        .iter()
        .map(|endpoint| endpoint.count)
        .sum();
    let right = traffic.errors_total() * RIGHT_ANSWERS_TO_ONE_WRONG <= answers;
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
    Ok(Verdict::from_bool(books.balanced && right))
}

async fn drive(lab: &Lab, args: &Args) -> anyhow::Result<Report> {
    let plan = Plan {
        gateway: shopkeeper::gateway(lab),
        customers: args.customers,
        orders_per_second: args.rate,
        duration: Duration::from_secs(args.seconds),
        plentiful: catalogue::plentiful(),
        scarce: catalogue::scarce(),
    };
    let (customers, rate, seconds) = (args.customers, args.rate, args.seconds);
    note(format!(
        "{customers} customers register, then order {rate} times a second for {seconds} s."
    ));
    let line = RefCell::new(ProgressLine::default());
    let report = loadtest::run(&plan, |progress| line.borrow_mut().show(progress, args)).await;
    line.into_inner().bar.finish_and_clear();
    report
}

/// A moving line on a terminal, a line every ten seconds elsewhere.
struct ProgressLine {
    bar: indicatif::ProgressBar,
    written: u64,
}

impl Default for ProgressLine {
    fn default() -> Self {
        Self {
            bar: spinner(),
            written: 0,
        }
    }
}

impl ProgressLine {
    fn show(&mut self, progress: Progress, args: &Args) {
        let text = match progress {
            Progress::Arrived(customers) => {
                format!(
                    "{customers} of {} customers have registered",
                    args.customers
                )
            }
            Progress::Ordering {
                elapsed,
                orders,
                errors,
            } => {
                let elapsed = elapsed.as_secs();
                if self.bar.is_hidden() && elapsed >= self.written + 10 {
                    self.written = elapsed;
                    note(format!(
                        "  {elapsed} s: {orders} orders settled, {errors} errors"
                    ));
                }
                let total = args.seconds;
                format!("{elapsed} of {total} s: {orders} orders settled, {errors} errors")
            }
        };
        self.bar.set_message(text);
    }
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
    for (error, count) in &traffic.errors {
        term::out(format!("  {} {count} × {error}", paint.red("✗")));
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
    let rows: Vec<Vec<String>> = traffic
        .endpoints
        .iter()
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
