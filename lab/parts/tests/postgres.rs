//! The cluster: starts as any user, keeps services apart, keeps its data when killed.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::Result;
use parts::{
    Secrets, free_port,
    postgres::{AUDITOR, Cluster, Settings, place, remove},
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::process::Child;

use crate::support::{eventually, kill_hard, start, state};

const INSUFFICIENT_PRIVILEGE: &str = "42501";
const READ_ONLY_TRANSACTION: &str = "25006";

async fn running(state: &Path) -> Result<(Cluster, Child)> {
    let secrets = Secrets::load_or_create(state)?;
    let cluster = Cluster::locate(state, free_port()?, Settings::default(), &secrets)?;
    cluster.initialise()?;
    let server = start(state, &cluster.launch()?)?;
    eventually(|| cluster.ready()).await?;
    Ok((cluster, server))
}

async fn connect(
    cluster: &Cluster,
    role: &str,
    password: &str,
    database: &str,
) -> sqlx::Result<PgConnection> {
    PgConnection::connect(&cluster.url(role, password, database)).await
}

/// Removes the cluster. Its processes end a moment after the one that was killed and may still write.
async fn gone(cluster: &Cluster) -> Result<()> {
    eventually(|| async { remove(cluster.placement()) }).await?;
    assert!(!cluster.placement().dir.exists());
    Ok(())
}

/// The SQLSTATE of a database's refusal.
fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

#[tokio::test]
async fn a_service_owns_its_database_and_cannot_even_connect_to_another_s() -> Result<()> {
    let state = state()?;
    let (cluster, server) = running(state.path()).await?;
    let mut admin = cluster.admin().await?;
    admin.prepare("look").await?;
    for role in ["order", "user"] {
        admin.ensure_database(role, role, "pw").await?;
    }

    let mut order = connect(&cluster, "order", "pw", "order").await?;
    sqlx::raw_sql("CREATE TABLE orders (id int); INSERT INTO orders VALUES (7)")
        .execute(&mut order)
        .await?;

    for database in ["user", "postgres", "template1"] {
        let refused = connect(&cluster, "order", "pw", database)
            .await
            .unwrap_err();
        assert_eq!(
            code(&refused).as_deref(),
            Some(INSUFFICIENT_PRIVILEGE),
            "{database}: {refused}"
        );
    }
    let wrong_password = connect(&cluster, "order", "other", "order")
        .await
        .unwrap_err();
    assert_eq!(code(&wrong_password).as_deref(), Some("28P01"));

    let mut auditor = connect(&cluster, AUDITOR, "look", "order").await?;
    let id: i32 = sqlx::query_scalar("SELECT id FROM orders")
        .fetch_one(&mut auditor)
        .await?;
    assert_eq!(id, 7);
    // Read-only by default, and without the right to write when it asks for a session that is not.
    let write = "INSERT INTO orders VALUES (8)";
    let refused = sqlx::raw_sql(write)
        .execute(&mut auditor)
        .await
        .unwrap_err();
    assert_eq!(
        code(&refused).as_deref(),
        Some(READ_ONLY_TRANSACTION),
        "{refused}"
    );
    sqlx::raw_sql("SET default_transaction_read_only = off")
        .execute(&mut auditor)
        .await?;
    let refused = sqlx::raw_sql(write)
        .execute(&mut auditor)
        .await
        .unwrap_err();
    assert_eq!(
        code(&refused).as_deref(),
        Some(INSUFFICIENT_PRIVILEGE),
        "{refused}"
    );
    admin.settle().await?;
    kill_hard(server).await?;
    gone(&cluster).await
}

#[tokio::test]
async fn the_socket_file_lets_in_whoever_knows_the_password() -> Result<()> {
    let state = state()?;
    let (cluster, _server) = running(state.path()).await?;
    let mut admin = cluster.admin().await?;
    admin.prepare("look").await?;
    admin.ensure_database("order", "order", "pw").await?;
    let sockets = cluster.placement().sockets().expect("a short name");
    let by_socket = |password: &str| {
        let url = cluster.url("order", password, "order");
        let options = url.parse::<PgConnectOptions>().expect("a URL");
        let options = options.socket(&sockets);
        async move { options.connect().await }
    };
    let mut order = by_socket("pw").await?;
    let address: Option<String> = sqlx::query_scalar("SELECT host(inet_client_addr())")
        .fetch_one(&mut order)
        .await?;
    assert_eq!(address, None, "it did not come by TCP");
    let refused = by_socket("other").await.unwrap_err();
    assert_eq!(code(&refused).as_deref(), Some("28P01"));
    Ok(())
}

#[tokio::test]
async fn making_a_database_twice_changes_the_password_and_keeps_the_data() -> Result<()> {
    let state = state()?;
    let (cluster, _server) = running(state.path()).await?;
    let mut admin = cluster.admin().await?;
    for password in ["first", "second"] {
        admin.prepare(password).await?;
        admin.ensure_database("order", "order", password).await?;
        let mut order = connect(&cluster, "order", password, "order").await?;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS t (n int); INSERT INTO t VALUES (1)")
            .execute(&mut order)
            .await?;
    }
    let mut order = connect(&cluster, "order", "second", "order").await?;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM t")
        .fetch_one(&mut order)
        .await?;
    assert_eq!(rows, 2);
    let log = fs::read_to_string(state.path().join("postgres.log"))?;
    assert!(
        !log.contains("PASSWORD"),
        "a password statement was logged: {log}"
    );
    Ok(())
}

#[tokio::test]
async fn what_was_committed_survives_a_hard_kill() -> Result<()> {
    let state = state()?;
    let (cluster, server) = running(state.path()).await?;
    let mut session = PgConnection::connect(&cluster.superuser_url()).await?;
    sqlx::raw_sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
        .execute(&mut session)
        .await?;
    kill_hard(server).await?;

    let _server = restarted(state.path(), &cluster).await?;
    let mut session = PgConnection::connect(&cluster.superuser_url()).await?;
    let n: i32 = sqlx::query_scalar("SELECT n FROM kept")
        .fetch_one(&mut session)
        .await?;
    assert_eq!(n, 42);
    let fsync: String = sqlx::query_scalar("SHOW fsync")
        .fetch_one(&mut session)
        .await?;
    assert_eq!(fsync, "on");
    Ok(())
}

/// The server's children let go of its memory a moment after it; until then a new server refuses to start and ends.
async fn restarted(state: &Path, cluster: &Cluster) -> Result<Child> {
    eventually(|| async {
        assert!(!cluster.initialise()?, "the data folder was made anew");
        let mut server = start(state, &cluster.launch()?)?;
        while cluster.ready().await.is_err() {
            anyhow::ensure!(server.try_wait()?.is_none(), "the server ended");
            tokio::task::yield_now().await;
        }
        Ok(server)
    })
    .await
}

#[tokio::test]
async fn under_a_private_folder_root_s_data_moves_to_where_the_server_may_enter() -> Result<()> {
    let private = tempfile::tempdir()?;
    fs::set_permissions(private.path(), fs::Permissions::from_mode(0o700))?;
    let state = private.path().join("state");
    let placement = place(&state)?;
    if placement.run_as.is_none() {
        assert!(placement.dir.starts_with(private.path().canonicalize()?));
        return Ok(());
    }
    assert!(placement.dir.starts_with("/var/tmp"), "{placement:?}");
    assert!(
        placement
            .relocated
            .as_deref()
            .is_some_and(|why| why.contains("may not enter")),
        "{placement:?}"
    );
    assert_eq!(placement, place(&state)?);

    let (cluster, server) = running(&state).await?;
    assert_eq!(*cluster.placement(), placement);
    kill_hard(server).await?;

    // Whoever removes the state folder has removed the lab: the next one there is not locked out by its old data.
    fs::remove_dir_all(&state)?;
    let (cluster, server) = eventually(|| running(&state)).await?;
    kill_hard(server).await?;
    gone(&cluster).await
}

#[tokio::test]
async fn data_made_with_other_secrets_is_refused_not_thrown_away() -> Result<()> {
    let state = state()?;
    let locate = || {
        Cluster::locate(
            state.path(),
            1,
            Settings::default(),
            &Secrets::load_or_create(state.path())?,
        )
    };
    locate()?.initialise()?;
    fs::remove_dir_all(state.path().join("secrets"))?;
    let cluster = locate()?;
    let error = cluster.initialise().unwrap_err().to_string();
    assert!(
        error.contains("other secrets") && error.contains("root.key back"),
        "{error}"
    );
    assert!(cluster.placement().data().join("PG_VERSION").exists());
    Ok(())
}

#[tokio::test]
async fn data_of_another_major_release_is_refused() -> Result<()> {
    let state = state()?;
    let placement = place(state.path())?;
    fs::create_dir_all(placement.data())?;
    fs::write(placement.data().join("PG_VERSION"), "9\n")?;
    let secrets = Secrets::load_or_create(state.path())?;
    let error = Cluster::locate(state.path(), 1, Settings::default(), &secrets).unwrap_err();
    assert!(
        error.to_string().contains("holds data of PostgreSQL 9"),
        "{error}"
    );
    Ok(())
}
