//! Messages as files: `<id>.eml`, where ids sort by time of arrival.
//!
//! A message is written beside its place and renamed into it, so that a reader never sees half of one. It is not
//! forced to disk: this is what a test looks at, not a post office.

use std::{fs, io, path::Path};

use chrono::{DateTime, Utc};
use mailparse::{MailHeader, MailHeaderMap as _, ParsedMail};
use serde::Serialize;
use uuid::Uuid;

use crate::{Error, Result};

const EXTENSION: &str = "eml";

/// Who sent a message to whom, as said in the conversation, not in the message.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

/// What a list shows of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Name to read it by; sorts by arrival.
    pub id: Uuid,
    /// When it arrived, to the millisecond.
    pub received_at: DateTime<Utc>,
    /// The addresses it was delivered to.
    pub delivered_to: Vec<String>,
    /// The From header, decoded; empty when there is none.
    pub from: String,
    /// The To header, decoded; empty when there is none.
    pub to: String,
    /// The Subject header, decoded; empty when there is none.
    pub subject: String,
    /// The Date header as a time; none when it is missing or not a date.
    pub date: Option<DateTime<Utc>>,
}

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: Summary,
    /// The plain-text part, decoded; empty when there is none.
    pub text: String,
    /// The HTML part, decoded; none when there is none.
    pub html: Option<String>,
}

/// Keeps a message and returns its id.
pub(super) async fn keep(dir: &Path, envelope: &Envelope, message: &[u8]) -> io::Result<Uuid> {
    let id = Uuid::now_v7();
    let draft = dir.join(format!(".{id}"));
    tokio::fs::write(&draft, with_trace(envelope, message)).await?;
    tokio::fs::rename(&draft, dir.join(format!("{id}.{EXTENSION}"))).await?;
    Ok(id)
}

/// The message under the headers that a delivering server adds.
fn with_trace(envelope: &Envelope, message: &[u8]) -> Vec<u8> {
    let mut kept = format!("Return-Path: <{}>\r\n", envelope.from);
    for to in &envelope.to {
        kept.push_str(&format!("Delivered-To: {to}\r\n"));
    }
    let mut kept = kept.into_bytes();
    kept.extend_from_slice(message);
    kept
}

/// All messages in `dir`, oldest first. A folder that is not there holds none.
///
/// # Errors
/// When the folder or a message cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Summary>> {
    let reading = || format!("read {}", dir.display());
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(Error::io(reading))?,
    };
    let mut ids: Vec<Uuid> = Vec::new();
    for entry in entries {
        ids.extend(id_of(&entry.map_err(Error::io(reading))?.path()));
    }
    ids.sort_unstable();
    ids.into_iter()
        .map(|id| bytes(dir, id).and_then(|bytes| summary(id, &bytes)))
        .collect()
}

/// One message with its text.
///
/// # Errors
/// When there is none with that id, or it cannot be parsed.
pub fn read(dir: &Path, id: Uuid) -> Result<Mail> {
    let bytes = bytes(dir, id)?;
    let parsed = mailparse::parse_mail(&bytes).map_err(|error| damaged(id, &error))?;
    let body = |kind: &str| {
        let part = find_part(&parsed, kind)?;
        part.get_body().ok()
    };
    Ok(Mail {
        summary: summarise(id, &parsed.headers),
        text: body("text/plain").unwrap_or_default(),
        html: body("text/html"),
    })
}

fn bytes(dir: &Path, id: Uuid) -> Result<Vec<u8>> {
    let path = dir.join(format!("{id}.{EXTENSION}"));
    fs::read(&path).map_err(Error::io(|| format!("read the mail {}", path.display())))
}

fn id_of(path: &Path) -> Option<Uuid> {
    let id = path.file_stem()?.to_str()?.parse().ok()?;
    path.extension()
        .is_some_and(|extension| extension == EXTENSION)
        .then_some(id)
}

fn summary(id: Uuid, bytes: &[u8]) -> Result<Summary> {
    let (headers, _) = mailparse::parse_headers(bytes).map_err(|error| damaged(id, &error))?;
    Ok(summarise(id, &headers))
}

fn damaged(id: Uuid, error: &mailparse::MailParseError) -> Error {
    Error::Invalid(format!("the mail {id} cannot be parsed: {error}"))
}

fn summarise(id: Uuid, headers: &[MailHeader<'_>]) -> Summary {
    let text = |name| headers.get_first_value(name).unwrap_or_default();
    let date = headers
        .get_first_value("Date")
        .and_then(|date| mailparse::dateparse(&date).ok());
    let (seconds, nanoseconds) = id
        .get_timestamp()
        .map(|time| time.to_unix())
        .unwrap_or_default();
    Summary {
        id,
        received_at: DateTime::from_timestamp(seconds.try_into().unwrap_or_default(), nanoseconds)
            .unwrap_or_default(),
        delivered_to: headers.get_all_values("Delivered-To"),
        from: text("From"),
        to: text("To"),
        subject: text("Subject"),
        date: date.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    }
}

fn find_part<'a, 'b>(mail: &'b ParsedMail<'a>, kind: &str) -> Option<&'b ParsedMail<'a>> {
    if mail.subparts.is_empty() {
        return (mail.ctype.mimetype == kind).then_some(mail);
    }
    mail.subparts.iter().find_map(|part| find_part(part, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_decoded_and_missing_ones_are_empty() {
        let id = Uuid::now_v7();
        let bytes =
            b"Delivered-To: a@b\r\nDelivered-To: c@d\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
                      Date: Fri, 21 Nov 2025 03:39:00 +0000\r\n\r\nhi\r\n";
        let summary = summary(id, bytes).unwrap();
        assert_eq!(summary.subject, "Grüße");
        assert_eq!(summary.delivered_to, ["a@b", "c@d"]);
        assert_eq!(summary.from, "");
        assert_eq!(
            summary.date.unwrap().to_rfc3339(),
            "2025-11-21T03:39:00+00:00"
        );
        assert!((Utc::now() - summary.received_at).num_seconds().abs() < 60);
    }

    #[test]
    fn a_folder_that_is_not_there_holds_no_mail() {
        assert_eq!(list(Path::new("/nowhere/at/all")).unwrap(), []);
    }
}
