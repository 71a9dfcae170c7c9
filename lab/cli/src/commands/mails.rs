//! `faultline mails`: what the shop has sent to its customers.

use anyhow::Context;
use parts::mail;
use uuid::Uuid;

use crate::cli::Global;
use crate::home::Home;
use crate::term::{self, Column, table};
use crate::{Verdict, term::out};

/// What `--help` says.
pub const HELP: &str = "Show the mails that the shop has sent, oldest first, or one of them.\n\n\
    They went to the lab's own mail sink by SMTP and no further. Each is an .eml file below \
    `mail/` in the state folder.";

/// Options of `mails`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The id of one mail: shows it whole
    pub id: Option<Uuid>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows them.
///
/// # Errors
/// When there is no mail with that id or one cannot be read.
pub fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let dir = Home::find(global)?.mail();
    match args.id {
        Some(id) => one(&mail::read(&dir, id).context("read the mail")?, args.json)?,
        None => all(&mail::list(&dir).context("read the mails")?, args.json)?,
    }
    Ok(Verdict::Yes)
}

fn one(mail: &mail::Mail, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(term::json(mail)?);
    }
    let summary = &mail.summary;
    out(format!("From:     {}", summary.from));
    out(format!("To:       {}", summary.to));
    out(format!("Subject:  {}", summary.subject));
    out(format!("Received: {}", summary.received_at.to_rfc3339()));
    out(format!("\n{}", mail.text.trim_end()));
    Ok(())
}

fn all(mails: &[mail::Summary], json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(term::json(&mails)?);
    }
    if mails.is_empty() {
        out("No mail has been sent yet.");
        return Ok(());
    }
    let heading = [
        ("ID", Column::Left),
        ("RECEIVED", Column::Left),
        ("TO", Column::Left),
        ("SUBJECT", Column::Left),
    ];
    let row = |mail: &mail::Summary| {
        let received = mail.received_at.format("%H:%M:%S%.3f").to_string();
        vec![
            mail.id.to_string(),
            received,
            mail.to.clone(),
            mail.subject.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = mails.iter().map(row).collect();
    for line in table(&heading, &rows, |_, _, text| text) {
        out(line);
    }
    Ok(())
}
