//! What `make test` runs on: everything up, told in variables, nothing left behind.

use anyhow::{Context as _, Result};
use parts::for_tests::TestParts;
use sqlx::{Connection as _, PgConnection};

use crate::support::{eventually, state};

fn variable<'a>(parts: &'a TestParts, name: &str) -> Result<&'a str> {
    let found = parts.environment().iter().find(|(one, _)| one == name);
    found
        .map(|(_, value)| value.as_str())
        .with_context(|| format!("no {name}"))
}

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_parts_answer_and_stopping_leaves_no_process_and_no_data() -> Result<()> {
    let dir = state()?;
    let parts = TestParts::start(dir.path()).await?;
    let mut session = PgConnection::connect(variable(&parts, "TEST_DATABASE_URL")?).await?;
    sqlx::raw_sql("CREATE DATABASE one_test")
        .execute(&mut session)
        .await?;
    let redis = redis::Client::open(variable(&parts, "TEST_REDIS_URL")?)?;
    redis.get_multiplexed_async_connection().await?;
    tokio::net::TcpStream::connect(variable(&parts, "TEST_KAFKA_BROKERS")?).await?;
    tokio::net::TcpStream::connect(variable(&parts, "TEST_SMTP_ADDR")?).await?;
    assert!(std::fs::metadata(variable(&parts, "TEST_MAIL_DIR")?)?.is_dir());

    let pids = parts.pids();
    assert_eq!(pids.len(), 3);
    parts.stop().await?;
    for (name, pid) in pids {
        assert!(!is_alive(pid), "{name} still runs");
    }
    let left: Vec<_> = std::fs::read_dir(dir.path())?
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left, ["0.lock"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_side_by_side_do_not_meet() -> Result<()> {
    let dir = state()?;
    let (one, two) = tokio::try_join!(TestParts::start(dir.path()), TestParts::start(dir.path()))?;
    assert_ne!(
        variable(&one, "TEST_DATABASE_URL")?,
        variable(&two, "TEST_DATABASE_URL")?
    );
    one.stop().await?;
    let mut session = PgConnection::connect(variable(&two, "TEST_DATABASE_URL")?).await?;
    session.ping().await?;
    two.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_is_ended_by_the_next_start() -> Result<()> {
    let dir = state()?;
    std::fs::write(dir.path().join(HOLD), "")?;
    let mut run = tokio::process::Command::new(std::env::current_exe()?)
        .args([
            "--ignored",
            "--exact",
            "test_parts::a_run_in_a_process_of_its_own",
        ])
        .current_dir(dir.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let noted = dir.path().join("pids");
    let pids: Vec<u32> = eventually(|| async {
        let text = std::fs::read_to_string(&noted)?;
        Ok::<_, anyhow::Error>(text.split(' ').map(str::parse).collect::<Result<_, _>>()?)
    })
    .await?;
    run.kill().await?;
    assert!(
        pids.len() == 3 && pids.iter().all(|pid| is_alive(*pid)),
        "{pids:?}"
    );

    let next = TestParts::start(dir.path()).await?;
    for pid in pids {
        assert!(!is_alive(pid), "{pid} still runs");
    }
    next.stop().await?;
    Ok(())
}

/// A file in the working folder that says the test below was started on purpose.
const HOLD: &str = "hold";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the test above runs it in a process of its own, to kill that"]
async fn a_run_in_a_process_of_its_own() -> Result<()> {
    let dir = std::env::current_dir()?;
    if !dir.join(HOLD).exists() {
        return Ok(());
    }
    let parts = TestParts::start(&dir).await?;
    let pids: Vec<String> = parts
        .pids()
        .iter()
        .map(|(_, pid)| pid.to_string())
        .collect();
    std::fs::write(dir.join("pids.new"), pids.join(" "))?;
    std::fs::rename(dir.join("pids.new"), dir.join("pids"))?;
    // Until the one who started us is gone, or has killed us.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    parts.stop().await?;
    Ok(())
}
