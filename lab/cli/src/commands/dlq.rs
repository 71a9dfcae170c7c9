//! `faultline dlq`: messages that a consumer could not apply, and their way back.

use anyhow::Context as _;
use chassis::events::dead_letters;
use clap::{Subcommand, builder::PossibleValuesParser};

use crate::{
    Lab, Verdict, books,
    cli::Global,
    lab,
    term::{self, Column, table},
};

/// What `--help` says.
pub const HELP: &str = "A message that a consumer cannot apply goes to the topic's dead-letter topic \
    (order.events.dlq), with the reason, and the consumer goes on. `list` shows them without \
    touching them; `redrive` sends them back to where they came from, once their cause is mended. \
    Consumers that have applied a message before ignore it.";

/// Options of `dlq`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show dead letters that were not sent back yet
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Send dead letters of a topic back to it, oldest first
    Redrive {
        /// The topic that they came from
        #[arg(value_parser = PossibleValuesParser::new(books::TOPICS))]
        topic: String,
        /// At most so many
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
}

/// Lists or redrives.
///
/// # Errors
/// When no lab runs or its broker does not answer.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let lab = Lab::of(global)?;
    lab::client(&lab.home)?;
    let brokers = lab.kafka();
    match args.action {
        Action::List { json } => {
            let letters = dead_letters::list(&brokers, &books::TOPICS).await;
            show(&letters.context("read dead letters")?, json)?;
        }
        Action::Redrive { topic, limit } => {
            let sent = dead_letters::redrive(&brokers, &topic, limit).await;
            let sent = sent.context("send dead letters back")?;
            term::out(format!("{sent} sent back to {topic}"));
        }
    }
    Ok(Verdict::Yes)
}

fn show(letters: &[dead_letters::DeadLetter], json: bool) -> anyhow::Result<()> {
    const HEADING: [(&str, Column); 5] = [
        ("TOPIC", Column::Left),
        ("TYPE", Column::Left),
        ("CONSUMER", Column::Left),
        ("TIME", Column::Left),
        ("REASON", Column::Left),
    ];
    if json {
        return Ok(term::json(&letters)?);
    }
    if letters.is_empty() {
        term::out("No dead letters.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = letters
        .iter()
        .map(|letter| {
            let event_type = letter.event_type.clone().unwrap_or_else(|| "–".into());
            let (topic, consumer) = (letter.topic.clone(), letter.consumer.clone());
            vec![
                topic,
                event_type,
                consumer,
                letter.time.clone(),
                letter.reason.clone(),
            ]
        })
        .collect();
    for line in table(&HEADING, &rows, |_, _, text| text) {
        term::out(line);
    }
    Ok(())
}
