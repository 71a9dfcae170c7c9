//! A mail server of one test, which can go away and come back, and a look into what it was handed.

use std::net::SocketAddr;

use parts::mail::{self, Mail};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub(crate) struct Sink {
    pub(crate) addr: SocketAddr,
    folder: tempfile::TempDir,
    running: Option<(CancellationToken, JoinHandle<std::io::Result<()>>)>,
}

impl Sink {
    pub(crate) async fn start() -> Self {
        let mut sink = Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            folder: tempfile::tempdir().unwrap(),
            running: None,
        };
        sink.come_back().await;
        sink
    }

    pub(crate) async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.addr).await.unwrap();
        self.addr = listener.local_addr().unwrap();
        let (stop, folder) = (CancellationToken::new(), self.folder.path().to_owned());
        let served = tokio::spawn(mail::serve(listener, folder, stop.clone()));
        self.running = Some((stop, served));
    }

    pub(crate) async fn go_away(&mut self) {
        let (stop, served) = self.running.take().unwrap();
        stop.cancel();
        served.await.unwrap().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.addr)
    }

    /// All mails to an address, oldest first.
    pub(crate) fn mails(&self, to: &str) -> Vec<Mail> {
        mail::list(self.folder.path())
            .unwrap()
            .into_iter()
            .filter(|mail| mail.delivered_to == [to])
            .map(|mail| mail::read(self.folder.path(), mail.id).unwrap())
            .collect()
    }

    /// A mail as it was handed over.
    pub(crate) fn source(&self, mail: &Mail) -> String {
        let file = self.folder.path().join(format!("{}.eml", mail.summary.id));
        std::fs::read_to_string(file).unwrap()
    }

    pub(crate) fn message_id(&self, mail: &Mail) -> String {
        let source = self.source(mail);
        let line = source
            .lines()
            .find_map(|line| line.strip_prefix("Message-ID: "));
        line.unwrap().to_owned()
    }
}
