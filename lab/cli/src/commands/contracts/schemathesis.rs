//! `faultline contracts fuzz`: schemathesis against the services of a lab, with the tokens that it needs.

use std::process::Stdio;

use anyhow::{Context, bail};
use parts::python;
use tokio::process::Command;

use crate::cli::Global;
use crate::commands::{env, setup::install_python};
use crate::shop::SERVICES;
use crate::{Lab, Verdict, term};

/// How it is configured, and who it is.
const FOLDER: &str = "contracts/schemathesis";

/// Asks one service after the other, so that what one is asked does not take another's time.
pub(super) async fn fuzz(
    global: &Global,
    only: &[String],
    examples: u32,
) -> anyhow::Result<Verdict> {
    if let Some(unknown) = only
        .iter()
        .find(|name| !SERVICES.iter().any(|s| s.name == **name))
    {
        bail!("there is no service {unknown:?}");
    }
    let lab = Lab::of(global)?;
    let folder = lab.home.repo()?.join(FOLDER);
    let program = tokio::task::spawn_blocking(|| install_python(&python::SCHEMATHESIS)).await??;
    let mut all_good = true;
    for service in SERVICES
        .iter()
        .filter(|s| only.is_empty() || only.iter().any(|name| name == s.name))
    {
        term::note(format!("Asking {}", service.name));
        let url = lab.url(service);
        let good = Command::new(&program)
            .arg("--config-file")
            .arg(folder.join(configuration(service.name)))
            .args(["run", &format!("{url}/openapi.json"), "--url", &url])
            .args(["--max-examples", &examples.to_string()])
            .current_dir(&folder)
            .envs(env::variables(&lab))
            .env("SERVICE", service.name)
            .env("SERVICE_TOKEN_KEY", lab.secrets.service_token_key())
            .env("PSP_API_KEY", lab.secrets.psp_api_key())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .status()
            .await
            .context("start schemathesis")?;
        all_good &= good.success();
    }
    Ok(Verdict::from_bool(all_good))
}

/// The provider and the door have their own words and their own order.
fn configuration(service: &str) -> &'static str {
    match service {
        "psp" => "psp.toml",
        "gateway" => "gateway.toml",
        _ => "schemathesis.toml",
    }
}
