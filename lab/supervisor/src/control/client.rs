//! The asking side.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, Response};
use serde::de::DeserializeOwned;

use super::recorded_socket;
use crate::{Action, Boot, Dirs, Error, Status};

/// A restart waits for a graceful stop; everything else answers at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Talks to the supervisor of one state folder.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    socket: PathBuf,
}

impl Client {
    /// Finds the socket of a state folder. Asks nothing yet.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when no supervisor has written down a socket.
    pub fn of(dirs: &Dirs) -> Result<Self, Error> {
        let socket = recorded_socket(dirs).map_err(|error| Error::Unreachable {
            socket: dirs.run().join("control.sock"),
            reason: error.to_string(),
        })?;
        Ok(Self {
            http: http_over(&socket),
            socket,
        })
    }

    /// Measures every process now.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn status(&self) -> Result<Status, Error> {
        self.read("status").await
    }

    /// How far the start has come.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn boot(&self) -> Result<Boot, Error> {
        self.read("boot").await
    }

    /// Does something to the process `name`. A pause or a kill with a lease ends by itself.
    ///
    /// # Errors
    /// [`Error::Refused`] with the supervisor's words; [`Error::Unreachable`].
    pub async fn act(
        &self,
        name: &str,
        action: Action,
        lease: Option<Duration>,
    ) -> Result<(), Error> {
        let query = lease.map(|lease| format!("?lease_ms={}", lease.as_millis()));
        let query = query.unwrap_or_default();
        self.send(Method::POST, &format!("processes/{name}/{action}{query}"))
            .await
            .map(drop)
    }

    /// Asks the lab to stop. It has not stopped when this returns.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::Refused`].
    pub async fn stop(&self) -> Result<(), Error> {
        self.send(Method::POST, "stop").await.map(drop)
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let answer = self.send(Method::GET, path).await?;
        answer
            .json()
            .await
            .map_err(|error| self.unreachable(&error))
    }

    async fn send(&self, method: Method, path: &str) -> Result<Response, Error> {
        let request = self.http.request(method, format!("http://lab/{path}"));
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        Err(Error::Refused(if text.is_empty() {
            status.to_string()
        } else {
            text
        }))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let mut reason: &dyn std::error::Error = error;
        while let Some(cause) = reason.source() {
            reason = cause;
        }
        Error::Unreachable {
            socket: self.socket.clone(),
            reason: reason.to_string(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this speaks to the lab's own control socket, which is no edge of the shop"
)]
fn http_over(socket: &std::path::Path) -> reqwest::Client {
    reqwest::Client::builder()
        .unix_socket(socket)
        .timeout(ANSWER_LIMIT)
        .build()
        .expect("a client without TLS needs nothing")
}
