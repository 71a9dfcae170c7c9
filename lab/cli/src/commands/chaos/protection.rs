//! A protection of a service, switched off over its admin port for as long as somebody says so again and again.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::json;

use super::arm;
use crate::Lab;
use crate::nearest::hint;

/// How long it stays off when nobody says so any more.
const LEASE: Duration = Duration::from_secs(10);
/// Often enough that two beats may be lost.
const BEAT: Duration = Duration::from_secs(3);

/// One protection of one service.
#[derive(Debug)]
pub(super) struct Switch {
    url: String,
    name: String,
}

/// As the admin port shows it.
#[derive(Debug, Deserialize)]
struct View {
    name: String,
    left_out: u64,
}

impl Switch {
    /// Of a protection that is there.
    ///
    /// # Errors
    /// There is no such service or protection, with the nearest name; or the service does not answer.
    pub(super) async fn of(lab: &Lab, service: &str, name: &str) -> anyhow::Result<Self> {
        let service = arm::service(service)?;
        let switch = Self {
            url: format!("{}/protections", lab.admin_url(service)),
            name: name.to_owned(),
        };
        let all = switch.all().await?;
        if !all.iter().any(|one| one.name == name) {
            let names = || all.iter().map(|one| one.name.as_str());
            let (service, hint) = (service.name, hint(name, names()));
            bail!("{service} has no protection {name:?}{hint}");
        }
        Ok(switch)
    }

    /// Switches it off, and keeps it off. Never returns; when this is dropped, it comes back within a lease.
    pub(super) async fn keep_off(&self) {
        loop {
            // A service that is down just now is asked again.
            let _ = self.turn(false).await;
            tokio::time::sleep(BEAT).await;
        }
    }

    /// Off with it, or on again.
    pub(super) async fn turn(&self, on: bool) -> anyhow::Result<()> {
        let (url, name) = (&self.url, &self.name);
        let body = json!({ "on": on, "lease_ms": LEASE.as_millis() });
        let request = arm::client()?.put(format!("{url}/{name}")).json(&body);
        let answer = request.send().await.with_context(|| format!("ask {url}"))?;
        if !answer.status().is_success() {
            bail!("{name}: {}", answer.text().await.unwrap_or_default());
        }
        Ok(())
    }

    /// How often it was asked for while it was off, since the service has started.
    pub(super) async fn left_out(&self) -> anyhow::Result<u64> {
        let all = self.all().await?;
        let own = all.iter().find(|one| one.name == self.name);
        Ok(own.map_or(0, |one| one.left_out))
    }

    async fn all(&self) -> anyhow::Result<Vec<View>> {
        let silent = || format!("nobody answers at {}", self.url);
        let answer = arm::client()?.get(&self.url).send().await;
        answer
            .with_context(silent)?
            .json()
            .await
            .with_context(silent)
    }
}
