//! One SMTP conversation (RFC 5321): commands in order, one message at a time.

use std::{io, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncBufRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    lines::{Line, read_line},
    store::{self, Envelope},
};

/// Size of a message, announced with SIZE (RFC 1870).
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
const COMMAND_BYTES_MAX: u64 = 1_000;
/// Longer than the 1,000 bytes that the standard allows for text: real clients are not that careful.
const TEXT_LINE_BYTES_MAX: u64 = 16 * 1024;
const RECIPIENTS_MAX: usize = 100;
const ERRORS_MAX: u32 = 20;
const IDLE_MAX: Duration = Duration::from_secs(60);

const SHUTTING_DOWN: &str = "421 4.3.2 shutting down";

/// What to do after a reply.
enum Next {
    Continue,
    ReadMessage,
    Close,
}

type Reply = (&'static str, Next);

/// The state of one conversation.
pub(super) struct Session {
    dir: PathBuf,
    shutdown: CancellationToken,
    greeted: bool,
    envelope: Option<Envelope>,
    errors: u32,
}

impl Session {
    pub(super) fn new(dir: PathBuf, shutdown: CancellationToken) -> Self {
        Self {
            dir,
            shutdown,
            greeted: false,
            envelope: None,
            errors: 0,
        }
    }

    /// Talks until the client quits, breaks off, is idle too long or errs too often.
    pub(super) async fn run(mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader);
        say(&mut writer, "220 faultline ESMTP, mail ends here").await?;
        loop {
            let line = tokio::select! {
                line = timeout(IDLE_MAX, read_line(&mut reader, COMMAND_BYTES_MAX)) => line,
                () = self.shutdown.cancelled() => return say(&mut writer, SHUTTING_DOWN).await,
            };
            let (reply, next) = match line {
                Err(_) => ("421 4.4.2 idle for too long", Next::Close),
                Ok(Ok(Line::End)) => return Ok(()),
                Ok(Ok(Line::TooLong)) => ("500 5.5.2 line too long", Next::Continue),
                Ok(Ok(Line::Whole(line))) => self.command(&line),
                Ok(Err(error)) => return Err(error),
            };
            say(&mut writer, reply).await?;
            match next {
                Next::Continue if self.erred(reply) => {
                    return say(&mut writer, "421 4.7.0 too many errors").await;
                }
                Next::Continue => {}
                Next::ReadMessage => self.receive(&mut reader, &mut writer).await?,
                Next::Close => return Ok(()),
            }
        }
    }

    fn erred(&mut self, reply: &str) -> bool {
        self.errors += u32::from(reply.starts_with('5'));
        self.errors > ERRORS_MAX
    }

    fn command(&mut self, line: &[u8]) -> Reply {
        let Ok(line) = std::str::from_utf8(line) else {
            return ("500 5.5.2 not UTF-8", Next::Continue);
        };
        let (verb, argument) = line
            .trim_end()
            .split_once(' ')
            .unwrap_or((line.trim_end(), ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" if argument.trim().is_empty() => "501 5.5.4 say who you are",
            "EHLO" => self.greet(
                "250-faultline\r\n250-SIZE 1048576\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                 250-ENHANCEDSTATUSCODES\r\n250 PIPELINING",
            ),
            "HELO" => self.greet("250 faultline"),
            "MAIL" => self.mail(argument),
            "RCPT" => self.recipient(argument),
            "DATA" => return self.data(argument),
            "RSET" => {
                self.envelope = None;
                "250 2.0.0 forgotten"
            }
            "NOOP" => "250 2.0.0 nothing done",
            "VRFY" => "252 2.1.5 will take mail for anybody",
            "QUIT" => return ("221 2.0.0 bye", Next::Close),
            _ => "500 5.5.1 unknown command",
        };
        (reply, Next::Continue)
    }

    fn greet(&mut self, reply: &'static str) -> &'static str {
        self.greeted = true;
        self.envelope = None;
        reply
    }

    fn mail(&mut self, argument: &str) -> &'static str {
        if !self.greeted || self.envelope.is_some() {
            return "503 5.5.1 bad sequence of commands";
        }
        let Some((from, parameters)) = path(argument, "FROM:") else {
            return "501 5.5.4 expected MAIL FROM:<address>";
        };
        let size = parameters.split_whitespace().find_map(|one| {
            let (name, value) = one.split_once('=')?;
            name.eq_ignore_ascii_case("SIZE").then_some(value)
        });
        match size.map(str::parse::<usize>) {
            Some(Err(_)) => return "501 5.5.4 SIZE is a number of bytes",
            Some(Ok(size)) if size > MESSAGE_BYTES_MAX => return "552 5.3.4 message too big",
            _ => {}
        }
        self.envelope = Some(Envelope {
            from,
            to: Vec::new(),
        });
        "250 2.1.0 sender ok"
    }

    fn recipient(&mut self, argument: &str) -> &'static str {
        let Some(envelope) = &mut self.envelope else {
            return "503 5.5.1 bad sequence of commands";
        };
        match path(argument, "TO:") {
            Some((to, _)) if !to.is_empty() && envelope.to.len() < RECIPIENTS_MAX => {
                envelope.to.push(to);
                "250 2.1.5 recipient ok"
            }
            Some((to, _)) if !to.is_empty() => "452 4.5.3 too many recipients",
            _ => "501 5.5.4 expected RCPT TO:<address>",
        }
    }

    fn data(&self, argument: &str) -> Reply {
        if !argument.is_empty() {
            return ("501 5.5.4 DATA takes no argument", Next::Continue);
        }
        match &self.envelope {
            Some(envelope) if !envelope.to.is_empty() => (
                "354 end with a line that is a single dot",
                Next::ReadMessage,
            ),
            _ => ("503 5.5.1 bad sequence of commands", Next::Continue),
        }
    }

    /// Reads the message up to its end, even when it is refused: the conversation goes on after it.
    async fn receive(
        &mut self,
        reader: &mut (impl AsyncBufRead + Unpin),
        writer: &mut (impl AsyncWrite + Unpin),
    ) -> io::Result<()> {
        let envelope = self
            .envelope
            .take()
            .expect("DATA is accepted only with an envelope");
        let received = timeout(IDLE_MAX, read_message(reader)).await;
        let message = received.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        let reply = match message {
            Err(refusal) => refusal.to_owned(),
            Ok(message) => match store::keep(&self.dir, &envelope, &message).await {
                Ok(id) => format!("250 2.0.0 kept as {id}"),
                Err(error) => {
                    tracing::warn!(%error, "cannot keep a mail");
                    "451 4.3.0 cannot keep the message".to_owned()
                }
            },
        };
        say(writer, &reply).await
    }
}

/// The message without its dot stuffing, or the reply that refuses it. Only CR LF . CR LF is its end: taking a bare
/// line feed for it is how mails are smuggled into one another.
async fn read_message(
    reader: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<Result<Vec<u8>, &'static str>> {
    let mut message = Vec::new();
    let mut refusal = None;
    loop {
        match read_line(reader, TEXT_LINE_BYTES_MAX).await? {
            Line::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            Line::Whole(line) if line == b".\r\n" => return Ok(refusal.map_or(Ok(message), Err)),
            Line::TooLong => refusal = Some("500 5.6.0 line too long"),
            Line::Whole(line) => {
                let line = line.strip_prefix(b".").unwrap_or(&line);
                if message.len() + line.len() > MESSAGE_BYTES_MAX {
                    refusal = Some("552 5.3.4 message too big");
                    message.clear();
                } else if refusal.is_none() {
                    message.extend_from_slice(line);
                }
            }
        }
    }
}

/// Reads `FROM:<a@b> SIZE=1`: the address and what comes after it. The empty address is a bounce's sender.
fn path<'a>(argument: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let head = argument.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, rest) = argument[keyword.len()..]
        .trim_start()
        .strip_prefix('<')?
        .split_once('>')?;
    let plain = !address.contains(|c: char| c.is_control() || c.is_whitespace() || c == '<');
    let well_formed = address.is_empty()
        || address
            .split_once('@')
            .is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
    (plain && well_formed).then(|| (address.to_owned(), rest))
}

async fn say(writer: &mut (impl AsyncWrite + Unpin), reply: &str) -> io::Result<()> {
    writer.write_all(format!("{reply}\r\n").as_bytes()).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_out_of_its_brackets() {
        assert_eq!(
            path("FROM:<a@b.c> SIZE=9", "FROM:"),
            Some(("a@b.c".into(), " SIZE=9"))
        );
        assert_eq!(path("from: <>", "FROM:"), Some((String::new(), "")));
        for odd in [
            "",
            "FROM:",
            "FROM:a@b",
            "FROM:<a b@c>",
            "FROM:<nobody>",
            "FROM:<@b>",
            "TO:<a@b>",
            "ÄÖÜ:<a@b>",
        ] {
            assert_eq!(path(odd, "FROM:"), None, "{odd}");
        }
    }

    #[tokio::test]
    async fn dots_are_unstuffed_and_a_bare_line_feed_does_not_end_the_message() {
        let mut input: &[u8] = b"..one\r\n.\nMAIL FROM:<x@y>\r\n.\r\nNOOP\r\n";
        let message = read_message(&mut input).await.unwrap().unwrap();
        assert_eq!(message, b".one\r\n\nMAIL FROM:<x@y>\r\n");
        assert_eq!(input, b"NOOP\r\n");
    }

    #[tokio::test]
    async fn a_message_over_the_limit_is_read_to_its_end_and_refused() {
        let mut text = b"0123456789\r\n".repeat(MESSAGE_BYTES_MAX / 12 + 1);
        text.extend_from_slice(b"and on\r\n.\r\nNOOP\r\n");
        let mut input = text.as_slice();
        let refusal = read_message(&mut input).await.unwrap().unwrap_err();
        assert_eq!(refusal, "552 5.3.4 message too big");
        assert_eq!(input, b"NOOP\r\n");
    }
}
