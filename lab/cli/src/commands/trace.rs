//! `faultline trace`: a trace as a waterfall in the terminal.

pub(super) mod checkout;
mod jaeger;
mod tree;
mod waterfall;

use anyhow::Context as _;

use self::jaeger::{Filter, Jaeger};
use self::tree::Tree;
use self::waterfall::Waterfall;
use crate::cli::Global;
use crate::term::{self, Paint};
use crate::{Lab, Verdict, observatory};

/// What `--help` says.
pub const HELP: &str = "Show a trace as a waterfall: which span called which, when it began, how \
    long it took, what failed, and which other traces it is linked to.\n\n\
    By its id (X-Trace-Id of an answer, trace_id of a log line), by an order's id, or the slowest: \
    the trace with the longest span of all, of one service (--service), or of one operation \
    (--operation).\n\n\
    It asks the lab's observatory, or whatever else speaks version 3 of Jaeger's query API \
    (--endpoint http://host:16686).\n\n\
    Exit code 0 when there is such a trace, 1 when there is none, 2 when nobody answers.";

/// The service that stamps its spans with the order's id, and its attribute.
const ORDERS: &str = "order";
const ORDER_ID: &str = "order.id";

/// Options of `trace`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which trace: 1 to 32 hexadecimal digits
    #[arg(required_unless_present_any = ["slowest", "order"])]
    pub id: Option<String>,
    /// The trace with the longest span
    #[arg(long, conflicts_with_all = ["id", "order"])]
    pub slowest: bool,
    /// The trace in which this order was placed
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    pub order: Option<String>,
    /// Only spans of this service count for --slowest
    #[arg(long, value_name = "NAME", requires = "slowest")]
    pub service: Option<String>,
    /// Only spans of this operation count for --slowest
    #[arg(long, value_name = "NAME", requires = "slowest")]
    pub operation: Option<String>,
    /// Log lines too, each below its span
    #[arg(long, conflicts_with = "json")]
    pub logs: bool,
    /// As OTLP/JSON, the way it was answered
    #[arg(long)]
    pub json: bool,
    /// Who is asked [default: the lab's observatory]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

/// Shows it.
///
/// # Errors
/// When nobody answers, or not as Jaeger would.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let jaeger = Jaeger::at(match &args.endpoint {
        Some(url) => url.clone(),
        None => observatory::query_url(&Lab::of(global)?),
    })?;
    let (id, what) = wanted(&jaeger, &args).await?;
    let answer = match &id {
        Some(id) => jaeger.trace(id).await?,
        None => None,
    };
    let Some(answer) = answer else {
        term::note(format!("{what} is not known at {}", jaeger.url()));
        return Ok(Verdict::No);
    };
    if args.json {
        term::json(&answer)?;
        return Ok(Verdict::Yes);
    }
    let tree = Tree::of(jaeger::spans(answer).context("read the trace")?);
    let lines = match (args.logs, id) {
        (true, Some(id)) => jaeger.logs(&id).await?,
        _ => Vec::new(),
    };
    Waterfall::of(&tree, lines, Paint::stdout()).print();
    Ok(Verdict::Yes)
}

/// The trace's id if there is one, and how to speak of it.
async fn wanted(jaeger: &Jaeger, args: &Args) -> anyhow::Result<(Option<String>, String)> {
    if let Some(id) = &args.id {
        return Ok((Some(id.clone()), format!("trace {id}")));
    }
    if let Some(order) = &args.order {
        let filter = Filter {
            service: Some(ORDERS),
            attribute: Some((ORDER_ID, order)),
            ..Filter::default()
        };
        // Reading an order or finishing it later makes traces of its own; the first placed it.
        let found = jaeger.find(&filter).await?;
        let placed = found.into_iter().min_by_key(|summary| summary.start);
        return Ok((
            placed.map(|it| it.trace_id),
            format!("a trace of order {order}"),
        ));
    }
    let filter = Filter {
        service: args.service.as_deref(),
        operation: args.operation.as_deref(),
        ..Filter::default()
    };
    let slowest = jaeger.slowest(filter).await?;
    Ok((slowest, "a trace with such a span".to_owned()))
}
