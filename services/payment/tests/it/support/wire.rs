//! A wire between two services that can be cut in the ways that matter: nobody answers the door, the question is lost,
//! the answer is lost.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Whole,
    /// Connections are refused.
    Refused,
    /// What is sent is never delivered, and nobody says so.
    LosesQuestions,
    /// What is sent is delivered and worked on; then the connection breaks.
    LosesAnswers,
}

pub(crate) struct Wire {
    addr: SocketAddr,
    upstream: SocketAddr,
    state: Arc<State>,
    server: Mutex<Option<JoinHandle<()>>>,
}

struct State {
    mode: Mutex<Mode>,
    /// Answers that are still lost in [`Mode::LosesAnswers`]; then the wire is whole again.
    left: Mutex<u32>,
    connections: Mutex<Vec<JoinHandle<()>>>,
}

impl Wire {
    pub(crate) async fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let state = Arc::new(State {
            mode: Mutex::new(Mode::Whole),
            left: Mutex::new(0),
            connections: Mutex::default(),
        });
        let server = Mutex::new(Some(serve(listener, upstream, state.clone())));
        Self {
            addr,
            upstream,
            state,
            server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// From now on. Connections that are open are broken when the wire refuses new ones.
    pub(crate) async fn set(&self, mode: Mode) {
        *self.state.mode.lock().unwrap() = mode;
        *self.state.left.lock().unwrap() = u32::MAX;
        if mode == Mode::Refused {
            let server = self.server.lock().unwrap().take();
            if let Some(server) = server {
                server.abort();
                // The listener is closed when the task is gone.
                server.await.ok();
            }
            self.state
                .connections
                .lock()
                .unwrap()
                .drain(..)
                .for_each(|task| task.abort());
        } else if self.server.lock().unwrap().is_none() {
            let listener = TcpListener::bind(self.addr).await.unwrap();
            let server = serve(listener, self.upstream, self.state.clone());
            *self.server.lock().unwrap() = Some(server);
        }
    }

    /// Loses so many answers, then works.
    pub(crate) async fn lose_answers(&self, count: u32) {
        self.set(Mode::LosesAnswers).await;
        *self.state.left.lock().unwrap() = count;
    }
}

impl State {
    fn mode(&self) -> Mode {
        *self.mode.lock().unwrap()
    }

    /// Whether the answer that just came is lost.
    fn loses_this_answer(&self) -> bool {
        if self.mode() != Mode::LosesAnswers {
            return false;
        }
        let mut left = self.left.lock().unwrap();
        let lost = *left > 0;
        *left = left.saturating_sub(1);
        lost
    }
}

fn serve(listener: TcpListener, upstream: SocketAddr, state: Arc<State>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let passing = tokio::spawn(pass(client, upstream, state.clone()));
            state.connections.lock().unwrap().push(passing);
        }
    })
}

async fn pass(client: TcpStream, upstream: SocketAddr, state: Arc<State>) {
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let questions = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            if state.mode() != Mode::LosesQuestions
                && to_server.write_all(&buffer[..count]).await.is_err()
            {
                break;
            }
        }
    };
    let answers = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            if state.loses_this_answer() || to_client.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = questions => {}
        () = answers => {}
    }
}
