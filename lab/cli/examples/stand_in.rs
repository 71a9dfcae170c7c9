//! Stands in for a service where only the lab is of interest: it answers 200 on everything, on
//! both of its ports, as long as it lives, and has a metric. The lab's own tests give it the names of all services.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let public = TcpListener::bind(address("SERVICE_HTTP_ADDR")?).await?;
    let admin = TcpListener::bind(address("SERVICE_ADMIN_ADDR")?).await?;
    let router = Router::new()
        .route("/metrics", get(async || "stand_in_well 1\n"))
        .fallback(async || "well");
    tokio::try_join!(
        axum::serve(public, router.clone()).into_future(),
        axum::serve(admin, router).into_future()
    )?;
    Ok(())
}

fn address(name: &str) -> anyhow::Result<SocketAddr> {
    #[expect(clippy::disallowed_methods, reason = "a stand-in has no chassis")]
    let value = std::env::var(name).with_context(|| name.to_owned())?;
    value.parse().with_context(|| format!("{name}={value}"))
}
