//! Logs stay bounded and whole, the environment is clean, memory counts the whole tree.

use std::time::Duration;

use supervisor::{Action, State, logs};

use crate::support::{TestLab, eventually, ready_when_exists, shell};

#[tokio::test]
async fn a_log_rotates_at_its_limit_and_keeps_its_lines_whole() {
    let lab = TestLab::new();
    // 25 MB: fills the file, fills it again, and goes on.
    let line = "0123456789abcdef".repeat(6);
    let script = format!("yes '{line}' | head -n 260000; echo the end; exec sleep 600");
    lab.start(vec![shell("chatty", &script)]).await;
    let log = lab.supervisor.dirs().log("chatty");
    let past = lab.supervisor.dirs().logs().join("chatty.log.1");
    eventually("it is done", async || {
        logs::last_lines(&log, 1)
            .expect("readable")
            .last()
            .is_some_and(|line| line == "the end")
    })
    .await;
    let limit = 10 * 1024 * 1024;
    for file in [&log, &past] {
        assert!(std::fs::metadata(file).expect("it is there").len() <= limit);
        let text = std::fs::read_to_string(file).expect("it is text");
        assert!(
            text.lines()
                .all(|whole| whole == line || whole == "the end")
        );
    }
    assert_eq!(
        std::fs::read_dir(lab.supervisor.dirs().logs())
            .expect("listed")
            .count(),
        2
    );
    lab.stop().await;
}

#[tokio::test]
async fn the_last_lines_reach_back_over_a_rotation() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("x.log");
    std::fs::write(folder.path().join("x.log.1"), "one\ntwo\n").expect("written");
    std::fs::write(&log, "three\n").expect("written");
    assert_eq!(
        logs::last_lines(&log, 2).expect("readable"),
        ["two", "three"]
    );
    assert_eq!(
        logs::last_lines(&folder.path().join("none.log"), 2).expect("no log"),
        [""; 0]
    );
}

#[tokio::test]
async fn a_child_sees_its_own_environment_and_nothing_of_ours() {
    let lab = TestLab::new();
    let mut child = shell("child", "env; echo done; exec sleep 600");
    child.env = vec![("GREETING".into(), "hello".into())];
    lab.start(vec![child]).await;
    eventually("it has spoken", async || lab.log("child").contains("done")).await;
    let log = lab.log("child");
    assert!(
        log.contains("GREETING=hello") && log.contains("PATH="),
        "{log}"
    );
    // Cargo sets this for every test; a service must not see it.
    assert!(std::env::vars().any(|(name, _)| name == "CARGO_MANIFEST_DIR"));
    assert!(!log.contains("CARGO_MANIFEST_DIR"), "{log}");
    lab.stop().await;
}

#[tokio::test]
async fn memory_is_that_of_the_whole_tree_and_the_total_is_the_sum() {
    let lab = TestLab::new();
    // The shell keeps 30 MB in a child of its own.
    let eater = "head -c 30000000 /dev/zero | tail -c 30000000 | (sleep 600; cat >/dev/null)";
    lab.start(vec![
        shell("eater", eater),
        shell("light", "exec sleep 600"),
    ])
    .await;
    let megabytes = |name: &str| lab.process(name).rss_bytes >> 20;
    eventually("the child has grown", async || megabytes("eater") >= 25).await;
    assert!(megabytes("light") < 5);
    let status = lab.supervisor.status();
    let sum: u64 = status
        .processes
        .iter()
        .map(|process| process.rss_bytes)
        .sum();
    assert_eq!(status.rss_total_bytes, sum);
    assert_eq!(status.processes[0].name, "supervisor");
    lab.stop().await;
}

#[tokio::test]
async fn a_process_that_was_given_up_can_only_be_restarted() {
    let lab = TestLab::new();
    let mended = lab.folder.path().join("mended");
    let mut broken = shell(
        "broken",
        &format!("test -e {} && exec sleep 600", mended.display()),
    );
    broken.ready = ready_when_exists(&mended);
    lab.supervisor
        .start_stage(vec![broken], |_, _| {})
        .await
        .expect_err("it never gets ready");
    let error = lab
        .supervisor
        .act("broken", Action::Pause, None)
        .await
        .expect_err("nothing to pause");
    assert_eq!(error.to_string(), "broken is failed: cannot pause it");
    std::fs::write(&mended, "").expect("written");
    lab.supervisor
        .act("broken", Action::Restart, None)
        .await
        .expect("it starts anew");
    lab.reaches("broken", State::Ready).await;
    lab.stop().await;
}

#[tokio::test]
async fn a_process_that_waits_to_be_started_again_stops_at_once() {
    let lab = TestLab::new();
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    lab.supervisor
        .act("worker", Action::Kill, None)
        .await
        .expect("it is killed");
    assert_ne!(lab.process("worker").state, State::Ready);
    tokio::time::timeout(Duration::from_secs(5), lab.stop())
        .await
        .expect("it stops at once");
}
