//! The session with the mail server, kept from one letter to the next.
//!
//! lettre's own connections leave Nagle's algorithm on. The end of a letter is a small write after a larger one, and would
//! wait until the server's system acknowledges the larger one: 40 ms on Linux, for each letter. So the socket is opened here.

use std::io;

use lettre::{
    Message,
    transport::smtp::{Error, client::AsyncSmtpConnection, extension::ClientId},
};
use thiserror::Error as ThisError;
use tokio::{net::TcpStream, sync::Mutex};

/// Why a letter was not taken.
#[derive(Debug, ThisError)]
pub(super) enum SessionError {
    /// Nobody answers there.
    #[error(transparent)]
    Unreachable(#[from] io::Error),
    /// What the server said, or that it said nothing.
    #[error(transparent)]
    Smtp(#[from] Error),
}

/// A session that is begun when it is needed.
pub(super) struct Session {
    host: String,
    port: u16,
    /// Taken out while a letter is handed over: what is left half way is never used again.
    kept: Mutex<Option<AsyncSmtpConnection>>,
}

impl Session {
    pub(super) fn new(host: &str, port: u16) -> Self {
        Self {
            host: host.to_owned(),
            port,
            kept: Mutex::default(),
        }
    }

    /// Hands a letter over; the next one waits for it.
    pub(super) async fn send(&self, letter: &Message) -> Result<(), SessionError> {
        let mut kept = self.kept.lock().await;
        let mut connection = match still_open(kept.take()).await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        connection
            .send(letter.envelope(), &letter.formatted())
            .await?;
        *kept = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SessionError> {
        let socket = self.open().await?;
        let myself = ClientId::default();
        Ok(AsyncSmtpConnection::connect_with_transport(Box::new(socket), &myself).await?)
    }

    async fn open(&self) -> io::Result<TcpStream> {
        let socket = TcpStream::connect((self.host.as_str(), self.port)).await?;
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

/// A server closes what is idle for long, and forgets everything when it starts again.
async fn still_open(kept: Option<AsyncSmtpConnection>) -> Option<AsyncSmtpConnection> {
    let mut connection = kept?;
    connection.test_connected().await.then_some(connection)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_end_of_a_letter_does_not_wait_for_an_acknowledgement_of_its_beginning() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let session = Session::new(&address.ip().to_string(), address.port());
        assert!(session.open().await.unwrap().nodelay().unwrap());
    }
}
