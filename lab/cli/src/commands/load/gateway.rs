//! `load gateway`: the lab's gateway beside nginx, which only passes on, and beside a gateway that one would write with
//! Express. All three stand before the same service and get the same request over kept connections from wrk, one after
//! the other, round by round, so that whatever else the machine does comes over all of them.
//!
//! Only as a ratio does it mean anything: wrk, the service and the gateway share the machine.

mod contender;
mod outcome;
mod processor;
mod visitor;
mod workshop;
mod wrk;

use std::time::Duration;

use loadtest::words;
use tokio::sync::watch;

use self::{
    contender::{Contender, Running},
    outcome::{Outcome, Sample, Setting},
    visitor::Visitor,
    workshop::Workshop,
};
use super::{STOPPED, refusal::refuse, signal};
use crate::{
    Lab, Verdict,
    cli::Global,
    lab,
    term::{self, note},
};

/// The lab's gateway lets 256 calls to one service be under way, and refuses more at once.
const CONNECTIONS_MAX: u32 = 200;
const ROUNDS_MAX: u32 = 50;
const EXPRESS_PROCESSES_MAX: u32 = 64;
/// A token is good for longer than this, and renewed between two measurements.
const DURATION_MAX: Duration = Duration::from_secs(120);
/// Before the first round, for each: connections, caches, and what Node compiles while it runs.
const WARM_UP: Duration = Duration::from_secs(2);

/// What `--help` says.
pub(super) const HELP: &str = "Compare the lab's gateway with nginx as a plain reverse proxy and with a reference gateway \
    made of express, http-proxy-middleware, express-rate-limit and jsonwebtoken (loadtest/reference). Each stands before the \
    same service, an nginx with one recorded answer in memory; wrk asks each in turn, in several rounds.\n\n\
    The lab's gateway checks the token, asks Redis for the limit and for revocation, goes through its breaker and traces \
    every request, as in the lab. Express checks the same token and limits in its own memory. nginx does nothing but pass on. \
    Limits are high enough that nobody is refused, and none of them writes an access log.\n\n\
    Needs a running lab, and nginx, wrk and Node: `faultline setup --for reference`. No other command needs those.";

/// Options of `load gateway`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long each is asked in each round
    #[arg(long, value_name = "TIME", default_value = "10s")]
    duration: String,
    /// In each, one is asked after the other
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Kept open, each with one request under way
    #[arg(long, value_name = "N", default_value_t = 32)]
    connections: u32,
    /// Processes of the Express gateway; each uses one core, and one is what it has unless somebody sees to it
    #[arg(long, value_name = "N", default_value_t = 1)]
    express_processes: u32,
    /// As JSON: {"setting": {…}, "gateways": [{"name", "requests_per_second": {"median", "min", "max", "runs"}, …}], …}
    #[arg(long)]
    json: bool,
}

/// Compares.
///
/// # Errors
/// A program is missing, no lab runs, or one of the gateways does not do what it should.
pub(super) async fn run(global: &Global, args: &Args) -> anyhow::Result<Verdict> {
    let setting = setting(args)?;
    let lab = Lab::of(global)?;
    let workshop = Workshop::of(&lab)?;
    if lab::running(&lab.home).is_none() {
        anyhow::bail!(
            "no lab is running in {}: start it with `faultline up --detach`",
            lab.home.state.display()
        );
    }
    let (stop, stopped) = watch::channel(false);
    let outcome = tokio::select! {
        outcome = compare(&lab, &workshop, &setting, stopped) => outcome?,
        () = signal::passed_on(&stop) => unreachable!("it waits for ever"),
    };
    let Some(outcome) = outcome else {
        note("Stopped before every gateway had its turn; nothing can be compared.");
        return Ok(Verdict::Of(STOPPED));
    };
    if args.json {
        term::json(&outcome)?;
    } else {
        outcome.show();
    }
    Ok(if *stop.borrow() {
        Verdict::Of(STOPPED)
    } else {
        Verdict::Yes
    })
}

fn setting(args: &Args) -> anyhow::Result<Setting> {
    let duration = match words::duration(&args.duration) {
        Ok(duration) if (Duration::from_secs(1)..=DURATION_MAX).contains(&duration) => duration,
        Ok(_) => return refuse("--duration is 1s to 2m"),
        Err(text) => return refuse(format!("--duration {text}")),
    };
    for (option, value, max) in [
        ("--rounds", args.rounds, ROUNDS_MAX),
        ("--connections", args.connections, CONNECTIONS_MAX),
        (
            "--express-processes",
            args.express_processes,
            EXPRESS_PROCESSES_MAX,
        ),
    ] {
        if !(1..=max).contains(&value) {
            return refuse(format!("{option} is {value}; give 1 to {max}"));
        }
    }
    Ok(Setting {
        // wrk counts whole seconds.
        seconds: duration.as_secs(),
        rounds: args.rounds,
        connections: args.connections,
        express_processes: args.express_processes,
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        request: visitor::REQUEST,
    })
}

/// None when it was stopped before the end of the first round.
async fn compare(
    lab: &Lab,
    workshop: &Workshop,
    setting: &Setting,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<Option<Outcome>> {
    let visitor = Visitor::register(lab).await?;
    let service = contender::service(workshop, &visitor.answer)?;
    let mut gateways = Vec::new();
    for contender in Contender::ALL {
        let running = contender.start(lab, workshop, service.port, setting)?;
        visitor.examine(contender, running.port).await?;
        gateways.push((contender, running));
    }
    let rounds = rounds(workshop, setting, &visitor, &gateways, stopped).await;
    for (_, running) in gateways {
        running.stop().await;
    }
    service.stop().await;
    Ok(Outcome::of(setting.clone(), &rounds?))
}

/// As many as there was time for before somebody wanted it to stop.
async fn rounds(
    workshop: &Workshop,
    setting: &Setting,
    visitor: &Visitor,
    gateways: &[(Contender, Running)],
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<Vec<Vec<Sample>>> {
    let mut rounds = Vec::new();
    let all = async {
        for (contender, running) in gateways {
            let seconds = WARM_UP.as_secs();
            measure(workshop, setting, visitor, (*contender, running), seconds).await?;
        }
        for number in 1..=setting.rounds {
            let mut round = Vec::new();
            for (contender, running) in gateways {
                let one = (*contender, running);
                round.push(measure(workshop, setting, visitor, one, setting.seconds).await?);
            }
            let rates: Vec<String> = round.iter().map(Sample::to_string).collect();
            note(format!("Round {number}: {}", rates.join(", ")));
            rounds.push(round);
        }
        anyhow::Ok(())
    };
    tokio::select! {
        done = all => done?,
        _ = stopped.wait_for(|stop| *stop) => {}
    }
    Ok(rounds)
}

async fn measure(
    workshop: &Workshop,
    setting: &Setting,
    visitor: &Visitor,
    (contender, running): (Contender, &Running),
    seconds: u64,
) -> anyhow::Result<Sample> {
    let token = visitor.token().await?;
    let before = processor::time(running.pid);
    let measured = wrk::ask(workshop, running.port, setting.connections, seconds, &token).await?;
    let after = processor::time(running.pid);
    if measured.broken + measured.refused > 0 {
        anyhow::bail!(
            "{} answered {} of {} requests with an error and lost {}: that is no comparison. Its log: {}",
            contender.name(),
            measured.refused,
            measured.requests,
            measured.broken,
            running.log.display()
        );
    }
    let spent = before
        .zip(after)
        .map(|(before, after)| after.saturating_sub(before));
    Ok(Sample::of(contender, &measured, spent))
}
