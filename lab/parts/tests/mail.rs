//! The mail sink: what real and rude clients get from it.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{MultiPart, header::ContentType},
};
use parts::mail::{list, read, serve};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

struct Sink {
    port: u16,
    dir: tempfile::TempDir,
    shutdown: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Sink {
    async fn start() -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shutdown = CancellationToken::new();
        let folder: PathBuf = dir.path().into();
        let served = TaskTracker::new().spawn(serve(listener, folder, shutdown.clone()));
        Ok(Self {
            port,
            dir,
            shutdown,
            served,
        })
    }

    async fn talk(&self) -> Result<Talk> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let mut talk = Talk {
            stream: BufReader::new(stream),
        };
        assert!(talk.hear().await?.starts_with("220 "));
        Ok(talk)
    }

    fn client(&self) -> AsyncSmtpTransport<Tokio1Executor> {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(self.port)
            .build()
    }
}

/// A client that says exactly what it is told to.
struct Talk {
    stream: BufReader<TcpStream>,
}

impl Talk {
    async fn say(&mut self, line: &str) -> Result<String> {
        self.stream
            .write_all(format!("{line}\r\n").as_bytes())
            .await?;
        self.hear().await
    }

    /// The last line of a reply; empty when the server hung up.
    async fn hear(&mut self) -> Result<String> {
        loop {
            let mut line = String::new();
            timeout(Duration::from_secs(10), self.stream.read_line(&mut line))
                .await
                .context("no answer")??;
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.trim_end().to_owned());
            }
        }
    }
}

fn letter(subject: &str, text: &str) -> Result<Message> {
    let builder = Message::builder()
        .from("Shop <shop@example.test>".parse()?)
        .to("Ada <ada@example.test>".parse()?)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN);
    Ok(builder.body(text.to_owned())?)
}

#[tokio::test]
async fn a_mail_client_s_letters_are_listed_in_order_and_read_back() -> Result<()> {
    let sink = Sink::start().await?;
    let client = sink.client();
    client
        .send(letter("Ihre Bestellung für 5 €", "Grüße\n.\n..dots\n")?)
        .await?;
    let both = MultiPart::alternative_plain_html("plain".to_owned(), "<p>html</p>".to_owned());
    let second = Message::builder()
        .from("shop@example.test".parse()?)
        .to("bob@example.test".parse()?)
        .subject("second")
        .multipart(both)?;
    client.send(second).await?;

    let listed = list(sink.dir.path())?;
    let subjects: Vec<&str> = listed.iter().map(|one| one.subject.as_str()).collect();
    assert_eq!(subjects, ["Ihre Bestellung für 5 €", "second"]);
    assert_eq!(listed[0].delivered_to, ["ada@example.test"]);
    assert!(
        listed[0].from.contains("shop@example.test"),
        "{:?}",
        listed[0]
    );

    let first = read(sink.dir.path(), listed[0].id)?;
    assert_eq!(
        first.text.replace("\r\n", "\n").trim_end(),
        "Grüße\n.\n..dots"
    );
    let second = read(sink.dir.path(), listed[1].id)?;
    assert_eq!(
        (
            second.text.trim_end(),
            second.html.as_deref().map(str::trim_end)
        ),
        ("plain", Some("<p>html</p>"))
    );
    Ok(())
}

#[tokio::test]
async fn commands_out_of_order_or_malformed_are_refused_and_the_session_goes_on() -> Result<()> {
    let sink = Sink::start().await?;
    let mut talk = sink.talk().await?;
    for (line, code) in [
        ("MAIL FROM:<a@b>", "503"),
        ("EHLO", "501"),
        ("EHLO me", "250"),
        ("RCPT TO:<a@b>", "503"),
        ("DATA", "503"),
        ("MAIL FROM:nobody", "501"),
        ("MAIL FROM:<a@b> SIZE=99999999", "552"),
        ("MAIL FROM:<a@b> SIZE=x", "501"),
        ("MAIL FROM:<a@b> SIZE=10", "250"),
        ("MAIL FROM:<a@b>", "503"),
        ("RCPT TO:<>", "501"),
        ("DATA", "503"),
        ("RSET", "250"),
        ("RCPT TO:<a@b>", "503"),
        ("FLY", "500"),
        ("\u{1}", "500"),
        ("NOOP", "250"),
        ("QUIT", "221"),
    ] {
        let reply = talk.say(line).await?;
        assert!(
            reply.starts_with(code),
            "{line:?} was answered {reply:?}, not {code}"
        );
    }
    assert_eq!(list(sink.dir.path())?, []);
    Ok(())
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_and_the_next_one_is_taken() -> Result<()> {
    let sink = Sink::start().await?;
    let mut talk = sink.talk().await?;
    talk.say("EHLO me").await?;
    for (text, code) in [
        ("0123456789\r\n".repeat(100_000), "552"),
        ("Subject: small\r\n".into(), "250"),
    ] {
        talk.say("MAIL FROM:<a@b>").await?;
        talk.say("RCPT TO:<c@d>").await?;
        assert!(talk.say("DATA").await?.starts_with("354"));
        let reply = talk.say(&format!("{text}\r\n.")).await?;
        assert!(reply.starts_with(code), "{reply}");
    }
    assert_eq!(list(sink.dir.path())?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn lines_without_end_and_endless_errors_end_the_session_not_the_server() -> Result<()> {
    let sink = Sink::start().await?;
    let mut talk = sink.talk().await?;
    assert!(talk.say(&"x".repeat(5_000)).await?.starts_with("500"));
    let mut last = String::new();
    while let Ok(reply) = talk.say("FLY").await {
        if reply.is_empty() {
            break;
        }
        last = reply;
    }
    assert!(last.starts_with("421") || last.starts_with("500"), "{last}");
    sink.client().send(letter("still there", "yes")?).await?;
    assert_eq!(list(sink.dir.path())?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_client_that_breaks_off_in_its_message_leaves_nothing() -> Result<()> {
    let sink = Sink::start().await?;
    let mut talk = sink.talk().await?;
    for line in ["EHLO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
        talk.say(line).await?;
    }
    talk.stream.write_all(b"Subject: half\r\n").await?;
    drop(talk);
    sink.client().send(letter("whole", "yes")?).await?;
    let subjects: Vec<String> = list(sink.dir.path())?
        .into_iter()
        .map(|one| one.subject)
        .collect();
    assert_eq!(subjects, ["whole"]);
    Ok(())
}

#[tokio::test]
async fn many_clients_at_once_lose_no_mail() -> Result<()> {
    let sink = Sink::start().await?;
    let mut clients = JoinSet::new();
    for number in 0..40 {
        let client = sink.client();
        let letter = letter(&format!("n{number}"), "x")?;
        clients.spawn(async move { client.send(letter).await });
    }
    while let Some(sent) = clients.join_next().await {
        sent??;
    }
    assert_eq!(list(sink.dir.path())?.len(), 40);
    Ok(())
}

#[tokio::test]
async fn sessions_beyond_the_bound_are_told_to_come_back() -> Result<()> {
    let sink = Sink::start().await?;
    let mut held = Vec::new();
    for _ in 0..64 {
        held.push(sink.talk().await?);
    }
    let stream = TcpStream::connect(("127.0.0.1", sink.port)).await?;
    let mut one_more = Talk {
        stream: BufReader::new(stream),
    };
    assert!(one_more.hear().await?.starts_with("421"));
    Ok(())
}

#[tokio::test]
async fn shutdown_tells_open_sessions_and_ends_the_server() -> Result<()> {
    let sink = Sink::start().await?;
    let mut talk = sink.talk().await?;
    sink.shutdown.cancel();
    assert!(talk.hear().await?.starts_with("421"));
    timeout(Duration::from_secs(10), sink.served).await???;
    Ok(())
}
