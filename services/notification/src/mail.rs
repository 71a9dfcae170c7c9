//! Hands letters to the mail server.

mod session;

use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use lettre::{
    Message,
    message::{Mailbox, MultiPart},
    transport::smtp::{Error as SmtpError, response::Category},
};
use thiserror::Error;
use tokio::time::timeout;
use uuid::Uuid;

use self::session::{Session, SessionError};
use crate::domain::{Letter, Recipient};

/// For a whole letter. A mail server on the same machine takes milliseconds; one that hangs should be noticed well
/// within an attempt at an event.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Why a mail could not be handed over.
#[derive(Debug, Error)]
pub(crate) enum MailError {
    /// It can never be: the address, or what the server says about it, is final.
    #[error("not deliverable: {0}")]
    Final(String),
    /// The server put off this one letter (4xx): the mailbox is busy, or it wants to see the sender again.
    #[error("put off by the mail server: {0}")]
    Later(String),
    /// The server is away, or says that it is going away: all letters would fail.
    #[error("the mail server does not take mails")]
    Away(#[source] anyhow::Error),
}

/// Who hands letters over, one at a time, as events are handled.
pub(crate) struct Postman {
    session: Session,
    from: Mailbox,
}

impl Postman {
    /// Connects when the first letter goes out.
    pub(crate) fn new(smtp_url: &str, from: &str) -> anyhow::Result<Self> {
        let url: url::Url = smtp_url.parse().context("SMTP_URL")?;
        let host = url.host_str().context("SMTP_URL names no host")?;
        // Whoever asks for encryption or a login must not silently get neither.
        let plain = url.scheme() == "smtp" && url.username().is_empty() && url.password().is_none();
        ensure!(plain, "SMTP_URL: only smtp://host:port is supported");
        Ok(Self {
            session: Session::new(host, url.port().unwrap_or(25)),
            from: from.parse().context("MAIL_FROM")?,
        })
    }

    /// Hands a letter over. The `Message-ID` comes from the event, so that a second copy can be told as one.
    pub(crate) async fn send(
        &self,
        event: Uuid,
        to: &Recipient,
        letter: Letter,
    ) -> Result<(), MailError> {
        let message = self.message(event, to, letter)?;
        match timeout(TIMEOUT, self.session.send(&message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(SessionError::Smtp(error))) => Err(classify(error)),
            Ok(Err(SessionError::Unreachable(error))) => Err(MailError::Away(error.into())),
            Err(_) => Err(MailError::Away(anyhow!("no answer within {TIMEOUT:?}"))),
        }
    }

    fn message(&self, event: Uuid, to: &Recipient, letter: Letter) -> Result<Message, MailError> {
        let is_final = |error: &dyn std::fmt::Display| MailError::Final(error.to_string());
        let address = to.email.parse().map_err(|error| is_final(&error))?;
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(to.name.clone()), address))
            .subject(letter.subject)
            .message_id(Some(format!("<{event}@notification.faultline.test>")))
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(|error| is_final(&error))
    }
}

/// 421 is about the connection (RFC 5321, section 4.2.2), as is everything that is no reply at all.
fn classify(error: SmtpError) -> MailError {
    let category = error.status().map(|code| code.category);
    match category {
        _ if error.is_permanent() => MailError::Final(error.to_string()),
        Some(category) if category != Category::Connections => MailError::Later(error.to_string()),
        _ => MailError::Away(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, email: &str) -> Result<String, MailError> {
        let postman = Postman::new("smtp://127.0.0.1:1", "Shop <shop@faultline.test>").unwrap();
        let to = Recipient::new(email.to_owned(), name);
        let letter = Letter {
            subject: "Hi".to_owned(),
            text: "t".to_owned(),
            html: "h".to_owned(),
        };
        let message = postman.message(Uuid::nil(), &to, letter)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[tokio::test]
    async fn a_name_with_line_breaks_adds_no_header() {
        let text = message("Eve\r\nBcc: all@faultline.test", "eve@faultline.test").unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        assert!(
            text.contains("<00000000-0000-0000-0000-000000000000@notification.faultline.test>")
        );
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_final() {
        assert!(matches!(
            message("X", "not an address"),
            Err(MailError::Final(_))
        ));
    }
    #[tokio::test]
    async fn encryption_that_would_not_happen_is_refused() {
        for url in [
            "smtps://localhost",
            "smtp://me:secret@localhost",
            "localhost:25",
        ] {
            assert!(
                Postman::new(url, "Shop <shop@faultline.test>").is_err(),
                "{url}"
            );
        }
    }
}
