//! Toxiproxy's own Python and Node clients, for the tests that drive the chaos proxy with them. They go into a folder of the
//! build, never into the system.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::term;

const PYTHON_CLIENT: &str = "toxiproxy-python==0.1.1";
const NODE_CLIENT: &str = "toxiproxy-node-client@4.1.0";

/// Installs what is missing of them.
///
/// # Errors
/// When Python or Node is missing, with what to install, or the registries cannot be reached.
pub(super) fn install(repo: &Path) -> anyhow::Result<()> {
    let folder = repo.join("target/toxiproxy-clients");
    let (python, node) = (folder.join("python"), folder.join("node"));
    if !python.join("toxiproxy/__init__.py").is_file() {
        term::note(format!(
            "Installing {PYTHON_CLIENT} into {}",
            python.display()
        ));
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--root-user-action=ignore",
            "--target",
        ])
        .arg(&python)
        .arg(PYTHON_CLIENT);
        run(pip, "apt-get install python3-pip, or brew install python")?;
    }
    if !node
        .join("node_modules/toxiproxy-node-client/package.json")
        .is_file()
    {
        term::note(format!("Installing {NODE_CLIENT} into {}", node.display()));
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"])
            .arg(&node)
            .arg(NODE_CLIENT);
        run(npm, "apt-get install npm, or brew install node")?;
    }
    Ok(())
}

fn run(mut command: Command, mend: &str) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("run {program} (install it: {mend})"))?;
    if !status.success() {
        bail!(
            "{program} could not install a Toxiproxy client ({status}); its words are above. Is it all there? {mend}"
        );
    }
    Ok(())
}
