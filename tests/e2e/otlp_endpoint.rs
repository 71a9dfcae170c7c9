//! Somebody at the other end of the services' telemetry who can be told to behave badly.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// What it does with whoever sends telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Takes it.
    Takes,
    /// Is not there.
    Away,
    /// Takes the connection and the request, and never answers.
    Silent,
    /// Answers, but as nobody who speaks OTLP does.
    Answers(&'static str),
}

const TAKEN: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

/// An address, and whoever is there at the moment.
pub(crate) struct OtlpEndpoint {
    address: SocketAddr,
    there: Option<JoinHandle<()>>,
}

impl OtlpEndpoint {
    /// One that takes what it is sent, on a port that was free.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            there: Some(tokio::spawn(serve(listener, Manner::Takes))),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it behaves like this; whoever is connected is cut off.
    pub(crate) async fn behave(&mut self, manner: Manner) {
        if let Some(before) = self.there.take() {
            before.abort();
            // Its connections are closed when it is gone, not before.
            let _ = before.await;
        }
        if manner != Manner::Away {
            let listener = bind(self.address).await;
            self.there = Some(tokio::spawn(serve(listener, manner)));
        }
    }
}

/// The port was ours a moment ago; a client's socket may have it for another.
async fn bind(address: SocketAddr) -> TcpListener {
    for _ in 0..100 {
        if let Ok(listener) = TcpListener::bind(address).await {
            return listener;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{address} was taken by somebody else");
}

async fn serve(listener: TcpListener, manner: Manner) {
    let mut connections = JoinSet::new();
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(stream, manner));
        }
    }
}

/// Until the sender hangs up.
async fn converse(stream: TcpStream, manner: Manner) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        request(&mut stream).await?;
        match manner {
            Manner::Takes => stream.write_all(TAKEN.as_bytes()).await?,
            Manner::Answers(nonsense) => stream.write_all(nonsense.as_bytes()).await?,
            Manner::Silent | Manner::Away => {}
        }
    }
}

/// Reads a request: its head, and as much as the head says.
async fn request(stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(())
}
