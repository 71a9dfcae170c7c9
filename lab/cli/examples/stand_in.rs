//! Stands in for a program where only the lab is of interest: it answers 200 on everything, on every
//! address that it is given, as long as it lives, and has a metric. The lab's own tests give it the names of all
//! services, of the observatory and of the chaos proxy.

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use tokio::{net::TcpListener, task::JoinSet};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let router = Router::new()
        .route("/metrics", get(async || "stand_in_well 1\n"))
        .fallback(async || "well");
    let mut servers = JoinSet::new();
    for (name, address) in std::env::vars().filter(|(name, _)| name.ends_with("_ADDR")) {
        let listener = TcpListener::bind(&address).await;
        let listener = listener.with_context(|| format!("{name}={address}"))?;
        servers.spawn(axum::serve(listener, router.clone()).into_future());
    }
    servers
        .join_next()
        .await
        .context("no address was given")???;
    Ok(())
}
