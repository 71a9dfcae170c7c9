//! What happens when a process ends by itself, and what can be done to one by name.

use std::time::{Duration, Instant};

use supervisor::{Action, Error, State};

use crate::support::{TestLab, eventually, is_alive, ready_when_exists, shell};

#[tokio::test]
async fn a_crashed_process_is_started_again_and_counted() {
    let lab = TestLab::new();
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    let first = lab.process("worker").pid.expect("it runs");
    lab.supervisor
        .act("worker", Action::Kill, None)
        .await
        .expect("it is killed");
    eventually("another process runs", async || {
        lab.process("worker").pid.is_some_and(|pid| pid != first)
    })
    .await;
    lab.reaches("worker", State::Ready).await;
    assert_eq!(lab.process("worker").restarts, 1);
    assert!(!is_alive(first));
    lab.stop().await;
}

#[tokio::test]
async fn crashes_in_a_row_wait_longer_each_time() {
    let lab = TestLab::new();
    let mark = lab.folder.path().join("started");
    let script = format!("date +%s.%N >> {}; exec sleep 600", mark.display());
    lab.start(vec![shell("worker", &script)]).await;
    let mut waits = Vec::new();
    for crash in 1..=3 {
        let since = Instant::now();
        lab.supervisor
            .act("worker", Action::Kill, None)
            .await
            .expect("it is killed");
        eventually("it was started again", async || {
            let starts = std::fs::read_to_string(&mark)
                .unwrap_or_default()
                .lines()
                .count();
            starts == crash + 1 && lab.process("worker").state == State::Ready
        })
        .await;
        waits.push(since.elapsed());
    }
    assert!(waits[0] >= Duration::from_millis(200), "{waits:?}");
    assert!(waits[1] >= Duration::from_millis(400), "{waits:?}");
    assert!(waits[2] >= Duration::from_millis(800), "{waits:?}");
    assert_eq!(lab.process("worker").restarts, 3);
    lab.stop().await;
}

#[tokio::test]
async fn a_process_that_never_gets_ready_is_given_up_with_its_reason_and_its_last_words() {
    let lab = TestLab::new();
    let mut broken = shell("broken", "echo 'config: PORT is missing' >&2; exit 3");
    broken.ready = ready_when_exists("/nonexistent/file".as_ref());
    let outcome = lab.supervisor.start_stage(vec![broken], |_, _| {}).await;
    let Err(Error::NotReady {
        name,
        reason,
        last_lines,
        ..
    }) = outcome
    else {
        panic!("expected NotReady, got {outcome:?}");
    };
    assert_eq!(name, "broken");
    assert!(reason.contains("exit status: 3"), "{reason}");
    assert_eq!(
        last_lines.last().map(String::as_str),
        Some("config: PORT is missing")
    );
    assert_eq!(lab.process("broken").state, State::Failed);
    lab.stop().await;
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let lab = TestLab::new();
    let mut missing = shell("missing", "");
    missing.program = "/nonexistent/program".into();
    let error = lab
        .supervisor
        .start_stage(vec![missing], |_, _| {})
        .await
        .expect_err("it fails");
    assert!(
        error
            .to_string()
            .contains("/nonexistent/program cannot be started"),
        "{error}"
    );
    lab.stop().await;
}

#[tokio::test]
async fn a_paused_process_stands_still_until_it_is_resumed() {
    let lab = TestLab::new();
    let beat = lab.folder.path().join("beat");
    let script = format!("while :; do echo x >> {}; sleep 0.02; done", beat.display());
    lab.start(vec![shell("heart", &script)]).await;
    let beats = || std::fs::metadata(&beat).map_or(0, |file| file.len());
    eventually("it beats", async || beats() > 0).await;

    lab.supervisor
        .act("heart", Action::Pause, None)
        .await
        .expect("it pauses");
    assert_eq!(lab.process("heart").state, State::Paused);
    let pid = lab.process("heart").pid.expect("it is alive");
    eventually("the system shows it as stopped", async || is_stopped(pid)).await;
    let at_rest = beats();

    lab.supervisor
        .act("heart", Action::Resume, None)
        .await
        .expect("it resumes");
    eventually("it beats again", async || beats() > at_rest).await;
    lab.reaches("heart", State::Ready).await;
    assert_eq!(lab.process("heart").restarts, 0);
    lab.stop().await;
}

#[tokio::test]
async fn a_pause_with_a_lease_ends_by_itself() {
    let lab = TestLab::new();
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    let pause = |length| lab.supervisor.act("worker", Action::Pause, Some(length));
    pause(Duration::from_millis(100)).await.expect("it pauses");
    // Said again, the lease begins anew.
    pause(Duration::from_millis(600))
        .await
        .expect("it stays so");
    let since = Instant::now();
    assert!(lab.process("worker").lease_left_ms > Some(100));
    lab.reaches("worker", State::Ready).await;
    assert!(since.elapsed() >= Duration::from_millis(500));
    let worker = lab.process("worker");
    assert_eq!((worker.lease_left_ms, worker.restarts), (None, 0));
    lab.stop().await;
}

#[tokio::test]
async fn what_was_killed_with_a_lease_stays_down_until_it_is_over() {
    let lab = TestLab::new();
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    let kill = |length| lab.supervisor.act("worker", Action::Kill, Some(length));
    let since = Instant::now();
    kill(Duration::from_millis(900))
        .await
        .expect("it is killed");
    lab.reaches("worker", State::Ready).await;
    assert!(since.elapsed() >= Duration::from_millis(900));
    assert_eq!(lab.process("worker").lease_left_ms, None);

    kill(Duration::from_secs(600)).await.expect("it is killed");
    kill(Duration::from_secs(700)).await.expect("it stays so");
    assert!(lab.process("worker").lease_left_ms > Some(600_000));
    let resumed = lab.supervisor.act("worker", Action::Resume, None);
    resumed.await.expect("that ends the lease");
    lab.reaches("worker", State::Ready).await;
    lab.stop().await;
}

fn is_stopped(pid: i32) -> bool {
    let output = std::process::Command::new("ps")
        .args(["-o", "stat=", "-p", &pid.to_string()])
        .output()
        .expect("ps runs");
    output.stdout.starts_with(b"T")
}

#[tokio::test]
async fn a_restart_by_hand_is_not_counted_as_a_crash() {
    let lab = TestLab::new();
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    let first = lab.process("worker").pid;
    lab.supervisor
        .act("worker", Action::Restart, None)
        .await
        .expect("it restarts");
    lab.reaches("worker", State::Ready).await;
    assert_ne!(lab.process("worker").pid, first);
    assert_eq!(lab.process("worker").restarts, 0);
    lab.stop().await;
}

#[tokio::test]
async fn a_ready_process_whose_check_fails_is_degraded_until_it_holds_again() {
    let lab = TestLab::new();
    let health = lab.folder.path().join("health");
    std::fs::write(&health, "").expect("written");
    let mut worker = shell("worker", "exec sleep 600");
    worker.ready = ready_when_exists(&health);
    lab.start(vec![worker]).await;
    std::fs::remove_file(&health).expect("removed");
    lab.reaches("worker", State::Degraded).await;
    assert!(!lab.supervisor.status().ready);
    std::fs::write(&health, "").expect("written");
    lab.reaches("worker", State::Ready).await;
    lab.stop().await;
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_the_names_there_are() {
    let lab = TestLab::new();
    lab.start(vec![
        shell("order", "exec sleep 600"),
        shell("payment", "exec sleep 600"),
    ])
    .await;
    let error = lab
        .supervisor
        .act("ordr", Action::Kill, None)
        .await
        .expect_err("there is none");
    assert_eq!(
        error.to_string(),
        r#"there is no process called "ordr"; there are: order, payment"#
    );
    lab.stop().await;
}
