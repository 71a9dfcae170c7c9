//! The customer whose request all gateways get, and the proof that each of them answers it and refuses others.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use loadtest::{account::Account, door::Door};
use reqwest::{Client, StatusCode};

use super::contender::Contender;
use crate::{Lab, shopkeeper};

/// Nobody may ask it without a token.
pub(super) const PATH: &str = "/api/v1/users/me";
pub(super) const REQUEST: &str = "GET /api/v1/users/me";
/// A gateway that has just started has to fetch keys.
const READY_WITHIN: Duration = Duration::from_secs(20);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Somebody with a session, and what the shop answered.
pub(super) struct Visitor {
    door: Door,
    account: Account,
    http: Client,
    /// The body of the lab's own answer.
    pub(super) answer: Vec<u8>,
}

impl Visitor {
    /// Registers with the lab, and records the answer.
    ///
    /// # Errors
    /// The shop refuses, or does not answer.
    pub(super) async fn register(lab: &Lab) -> anyhow::Result<Self> {
        let gateway = shopkeeper::gateway(lab);
        let door = Door::new(&gateway, Arc::default())?;
        let account = Account::open(&door).await?;
        let http = client()?;
        let token = account.token(&door, "gateway").await?;
        let url = format!("{gateway}{PATH}");
        let answer = http.get(&url).bearer_auth(&token).send().await?;
        let answer = answer.error_for_status()?.bytes().await?.to_vec();
        Ok(Self {
            door,
            account,
            http,
            answer,
        })
    }

    /// One that is good for longer than a measurement takes.
    ///
    /// # Errors
    /// The session cannot be renewed.
    pub(super) async fn token(&self) -> anyhow::Result<Arc<str>> {
        Ok(self.account.token(&self.door, "gateway").await?)
    }

    /// Waits until a gateway passes on what the service says, and sees that one which checks tokens refuses none and a
    /// forged one.
    ///
    /// # Errors
    /// It does not, with what it answers.
    pub(super) async fn examine(&self, contender: Contender, port: u16) -> anyhow::Result<()> {
        let name = contender.name();
        let token = self.token().await?;
        let began = Instant::now();
        loop {
            match self.ask(port, Some(&*token)).await {
                Ok((StatusCode::OK, body)) if body == self.answer => break,
                _ if began.elapsed() < READY_WITHIN => tokio::time::sleep(LOOK_AGAIN).await,
                Ok((status, body)) => anyhow::bail!(
                    "{name} answers {status}: {}",
                    String::from_utf8_lossy(&body)
                ),
                Err(error) => return Err(error).with_context(|| format!("{name} does not answer")),
            }
        }
        if !contender.checks_tokens() {
            return Ok(());
        }
        for (what, token) in [
            ("without a token", None),
            ("with a forged token", Some(forged(&token))),
        ] {
            let (status, _) = self.ask(port, token.as_deref()).await?;
            ensure!(
                status == StatusCode::UNAUTHORIZED,
                "{name} answers {status} {what}, where 401 is right: that is no comparison"
            );
        }
        Ok(())
    }

    async fn ask(&self, port: u16, token: Option<&str>) -> reqwest::Result<(StatusCode, Vec<u8>)> {
        let mut request = self.http.get(format!("http://127.0.0.1:{port}{PATH}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        Ok((answer.status(), answer.bytes().await?.to_vec()))
    }
}

/// The same claims, and a signature in which one letter differs.
fn forged(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{claims}.{first}{}", signature.get(1..).unwrap_or_default())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the comparison looks from outside; it has no edge and no policy"
)]
fn client() -> reqwest::Result<Client> {
    Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_token_differs_in_its_signature_alone() {
        assert_eq!(forged("h.c.Abc"), "h.c.Bbc");
        assert_eq!(forged("h.c.xbc"), "h.c.Abc");
    }
}
