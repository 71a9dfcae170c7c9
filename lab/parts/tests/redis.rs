//! Redis: answers, asks for its password, keeps what was written when killed.

use anyhow::Result;
use parts::{Secrets, free_port, redis::Redis};
use redis::AsyncCommands as _;

use crate::support::{eventually, kill_hard, start, state};

#[tokio::test]
async fn a_written_value_survives_a_hard_kill() -> Result<()> {
    let state = state()?;
    let part = Redis::locate(
        state.path(),
        free_port()?,
        &Secrets::load_or_create(state.path())?,
    )?;
    part.configure()?;
    let server = start(state.path(), &part.launch()?)?;
    eventually(|| part.ready()).await?;
    let client = redis::Client::open(part.url())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let () = connection.set("kept", "yes").await?;
    kill_hard(server).await?;

    let _server = start(state.path(), &part.launch()?)?;
    eventually(|| part.ready()).await?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let kept: String = connection.get("kept").await?;
    assert_eq!(kept, "yes");
    Ok(())
}

#[tokio::test]
async fn nobody_gets_in_without_the_password() -> Result<()> {
    let state = state()?;
    let port = free_port()?;
    let part = Redis::locate(state.path(), port, &Secrets::load_or_create(state.path())?)?;
    part.configure()?;
    let _server = start(state.path(), &part.launch()?)?;
    eventually(|| part.ready()).await?;
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/"))?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let refused = connection.get::<_, Option<String>>("x").await.unwrap_err();
    assert_eq!(refused.code(), Some("NOAUTH"));
    Ok(())
}
