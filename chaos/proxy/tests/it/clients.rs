//! Toxiproxy's own clients, unchanged. `faultline setup --for test` installs them into a folder of the repository's build.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::support::{Echo, Proxy};

/// Where `faultline setup --for test` puts the clients.
fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/toxiproxy-clients")
}

async fn run(mut command: Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it is installed: faultline setup --for test");
    let (out, notes) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && out.contains("all is well"),
        "{out}\n{notes}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_works_unchanged() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let mut python = Command::new("python3");
    python
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients/client.py"))
        .args([
            proxy.control.port().to_string(),
            echo.addr.port().to_string(),
        ])
        .env("PYTHONPATH", clients().join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run(python).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_client_works_unchanged() {
    let (proxy, echo) = (Proxy::start().await, Echo::start().await);
    let mut node = Command::new("node");
    node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients/client.js"))
        .args([
            proxy.control.port().to_string(),
            echo.addr.port().to_string(),
        ])
        .env("NODE_PATH", clients().join("node/node_modules"));
    run(node).await;
}
