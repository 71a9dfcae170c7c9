//! Hands letters to the mail server.

use std::time::Duration;

use anyhow::Context as _;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::PoolConfig,
};
use thiserror::Error;
use uuid::Uuid;

use crate::domain::Letter;

/// A mail server on the same machine answers in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Connections kept: events are handled one at a time a partition, so few are ever needed.
const CONNECTIONS_MAX: u32 = 4;

/// Why a mail could not be handed over.
#[derive(Debug, Error)]
pub(crate) enum MailError {
    /// It can never be: the address, or what the server says about it, is final.
    #[error("not deliverable: {0}")]
    Final(String),
    /// The server is away or busy.
    #[error("the mail server did not take it")]
    Later(#[source] lettre::transport::smtp::Error),
}

/// A connection pool to the mail server.
#[derive(Clone)]
pub(crate) struct Postman {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Whom a letter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(crate) email: String,
    pub(crate) name: String,
}

impl Postman {
    /// Connects when the first letter goes out.
    pub(crate) fn new(smtp_url: &str, from: &str) -> anyhow::Result<Self> {
        let url: reqwest::Url = smtp_url.parse().context("SMTP_URL")?;
        let host = url.host_str().context("SMTP_URL names no host")?;
        // Dangerous because unencrypted; the server is on this machine.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port().unwrap_or(25))
            .timeout(Some(TIMEOUT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX))
            .build();
        Ok(Self { transport, from: from.parse()? })
    }

    /// Hands a letter over. The `Message-ID` comes from the event, so that a second copy can be told as one.
    pub(crate) async fn send(
        &self,
        event: Uuid,
        to: &Recipient,
        letter: Letter,
    ) -> Result<(), MailError> {
        let message = self.message(event, to, letter)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Final(error.to_string())),
            Err(error) => Err(MailError::Later(error)),
        }
    }

    fn message(&self, event: Uuid, to: &Recipient, letter: Letter) -> Result<Message, MailError> {
        let is_final = |error: &dyn std::fmt::Display| MailError::Final(error.to_string());
        let address = to.email.parse().map_err(|error| is_final(&error))?;
        // A name is what a customer typed: without control characters it cannot become another header.
        let name: String = to.name.chars().filter(|c| !c.is_control()).collect();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(name), address))
            .subject(letter.subject)
            .message_id(Some(format!("<{event}@notification.faultline.test>")))
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))
            .map_err(|error| is_final(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, email: &str) -> Result<String, MailError> {
        let postman = Postman::new("smtp://127.0.0.1:1", "Shop <shop@faultline.test>").unwrap();
        let to = Recipient { email: email.to_owned(), name: name.to_owned() };
        let letter =
            Letter { subject: "Hi".to_owned(), text: "t".to_owned(), html: "h".to_owned() };
        let message = postman.message(Uuid::nil(), &to, letter)?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[tokio::test]
    async fn a_name_with_line_breaks_adds_no_header() {
        let text = message("Eve\r\nBcc: all@faultline.test", "eve@faultline.test").unwrap();
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        assert!(text.contains("<00000000-0000-0000-0000-000000000000@notification.faultline.test>"));
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_final() {
        assert!(matches!(message("X", "not an address"), Err(MailError::Final(_))));
    }
}
