//! Verification by Pact's own command, which others use: it has to come to the same result as [`crate::verify`].

use std::{path::Path, process::Stdio, sync::Arc};

use anyhow::Context as _;
use tokio::process::Command;

use crate::{
    front::{Front, MESSAGES, STATES},
    pact::Pact,
    shop::Shop,
};

/// Verifies pacts with `program verifier …`, showing what it says. Whether it accepted all.
///
/// # Errors
/// It cannot be started.
pub async fn verify(program: &Path, pacts: &[Pact], shop: &Arc<Shop>) -> anyhow::Result<bool> {
    let folder = std::env::temp_dir().join(format!("pacts-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("pact.json");
    let mut good = true;
    for pact in pacts {
        std::fs::write(&file, pact.document.to_string())?;
        let front = Front::before(&pact.provider, shop, None).await?;
        let port = front.address.port();
        let status = Command::new(program)
            .arg("verifier")
            .arg("--file")
            .arg(&file)
            .args(["--provider-name", &pact.provider])
            .args(["--hostname", "127.0.0.1", "--port", &port.to_string()])
            .args(["--transports", &format!("message:{port}{MESSAGES}")])
            .args([
                "--state-change-url",
                &format!("http://127.0.0.1:{port}{STATES}"),
            ])
            .args(["--request-timeout", "15000", "--no-colour"])
            .env("PACT_DO_NOT_TRACK", "true")
            .stdin(Stdio::null())
            .status()
            .await
            .with_context(|| format!("start {}", program.display()))?;
        good &= status.success();
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(good)
}
