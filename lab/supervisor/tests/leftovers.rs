//! Nothing stays behind: neither after a stop nor after the death of the supervisor. And nothing
//! is killed that is not ours.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use supervisor::registry::{self, Record};
use supervisor::{Dirs, Error, proc_table};

use crate::support::{TestLab, eventually, is_alive, open, shell};

#[tokio::test]
async fn a_process_that_ignores_the_stop_signal_is_killed_after_its_deadline() {
    let lab = TestLab::new();
    let mut stubborn = shell("stubborn", "trap '' TERM; while :; do sleep 0.05; done");
    stubborn.stop_deadline = Duration::from_millis(300);
    lab.start(vec![stubborn]).await;
    let pid = lab.process("stubborn").pid.expect("it runs");
    let since = Instant::now();
    lab.stop().await;
    assert!(since.elapsed() >= Duration::from_millis(300));
    assert!(since.elapsed() < Duration::from_secs(3));
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn a_stop_in_a_hurry_waits_for_no_deadline() {
    let lab = TestLab::new();
    let stubborn = "trap '' TERM; while :; do sleep 0.05; done";
    lab.start(vec![shell("first", stubborn)]).await;
    lab.start(vec![shell("second", stubborn)]).await;
    let pids = ["first", "second"].map(|name| lab.process(name).pid.expect("it runs"));
    let since = Instant::now();
    lab.supervisor.hurry();
    lab.stop().await;
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "a deadline was waited for"
    );
    assert!(!pids.into_iter().any(is_alive));
}

#[tokio::test]
async fn stages_stop_in_reverse_and_each_gets_its_signal() {
    let lab = TestLab::new();
    let said = lab.folder.path().join("said");
    let script = |name: &str, signal: &str| {
        let said = said.display();
        format!(
            "trap 'echo {name} {signal} >> {said}; exit' {signal}; while :; do sleep 0.02; done"
        )
    };
    let mut database = shell("database", &script("database", "INT"));
    database.stop_signal = supervisor::StopSignal::Int;
    lab.start(vec![database]).await;
    lab.start(vec![shell("service", &script("service", "TERM"))])
        .await;
    lab.supervisor.stop_all(|_| {}).await;
    let said = std::fs::read_to_string(&said).expect("both spoke");
    assert_eq!(said, "service TERM\ndatabase INT\n");
}

#[tokio::test]
async fn a_paused_process_can_be_stopped() {
    let lab = TestLab::new();
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    let pid = lab.process("worker").pid.expect("it runs");
    lab.supervisor
        .act("worker", supervisor::Action::Pause, None)
        .await
        .expect("it pauses");
    let since = Instant::now();
    lab.stop().await;
    assert!(
        since.elapsed() < Duration::from_secs(3),
        "the deadline was waited for"
    );
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn children_of_a_crashed_process_do_not_survive_it() {
    let lab = TestLab::new();
    let child = lab.folder.path().join("child");
    let script = format!("sleep 600 & echo $! > {}; wait", child.display());
    lab.start(vec![shell("parent", &script)]).await;
    eventually("the child is known", async || read_pid(&child).is_some()).await;
    let child_pid = read_pid(&child).expect("just seen");
    let parent = lab.process("parent").pid.expect("it runs");
    kill_alone(parent);
    eventually("the child is gone", async || !is_alive(child_pid)).await;
    lab.stop().await;
}

fn read_pid(path: &std::path::Path) -> Option<i32> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn kill_alone(pid: i32) {
    let status = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status();
    assert!(status.expect("kill runs").success());
}

/// What a supervisor that was killed leaves behind: a process and its pid file.
fn leave_behind(dirs: &Dirs, name: &str, script: &str) -> std::process::Child {
    let child = Command::new("/bin/sh")
        .args(["-c", script])
        .process_group(0)
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let pid = i32::try_from(child.id()).expect("a process id fits");
    let birth = proc_table::birth_of(pid)
        .expect("the process table")
        .expect("it runs");
    write_record(
        dirs,
        Record {
            name: name.into(),
            pid,
            birth,
        },
    );
    child
}

fn write_record(dirs: &Dirs, record: Record) {
    let path = dirs.run().join(format!("{}.pid", record.name));
    std::fs::write(path, serde_json::to_string(&record).expect("json")).expect("written");
}

#[tokio::test]
async fn a_sweep_kills_what_a_dead_supervisor_left_with_everything_below_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let dirs = Dirs::create(folder.path()).expect("folders");
    let child = folder.path().join("child");
    let script = format!("sleep 600 & echo $! > {}; wait", child.display());
    let mut leftover = leave_behind(&dirs, "leftover", &script);
    eventually("the child is known", async || read_pid(&child).is_some()).await;
    let grandchild = read_pid(&child).expect("just seen");

    let swept = registry::sweep(folder.path()).expect("it sweeps");

    assert!(
        swept.iter().any(|record| record.name == "leftover"),
        "{swept:?}"
    );
    assert!(!is_alive(grandchild));
    leftover.wait().expect("it has ended");
    assert_eq!(registry::sweep(folder.path()).expect("it sweeps"), []);
}

#[tokio::test]
async fn a_sweep_never_kills_a_recycled_process_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let dirs = Dirs::create(folder.path()).expect("folders");
    let mut stranger = Command::new("sleep").arg("600").spawn().expect("it starts");
    let pid = i32::try_from(stranger.id()).expect("a process id fits");
    write_record(
        &dirs,
        Record {
            name: "old".into(),
            pid,
            birth: "of another process".into(),
        },
    );

    assert_eq!(registry::sweep(folder.path()).expect("it sweeps"), []);

    assert!(is_alive(pid), "a stranger was killed");
    assert!(
        !dirs.run().join("old.pid").exists(),
        "the stale pid file stays"
    );
    stranger.kill().expect("it is ours to end");
    stranger.wait().expect("it has ended");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_sweep_finds_an_orphan_whose_parents_are_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let dirs = Dirs::create(folder.path()).expect("folders");
    let note = folder.path().join("orphan");
    // The shell in between ends at once; what it started has lost every tie but its environment.
    let script = format!("sleep 600 >/dev/null 2>&1 & echo $! > {}", note.display());
    let status = Command::new("setsid")
        .args(["sh", "-c", &script])
        .env("FAULTLINE_SUPERVISED_IN", dirs.state())
        .status();
    assert!(status.expect("setsid runs").success());
    eventually("the orphan is known", async || read_pid(&note).is_some()).await;
    let orphan = read_pid(&note).expect("just seen");
    registry::sweep(folder.path()).expect("it sweeps");
    assert!(!is_alive(orphan));
}

#[tokio::test]
async fn a_state_folder_has_one_supervisor() {
    let lab = TestLab::new();
    let second = registry::sweep(lab.folder.path());
    assert!(
        matches!(second, Err(Error::AlreadyRunning { pid, .. }) if pid > 0),
        "{second:?}"
    );
    let owner = registry::owner(lab.supervisor.dirs()).expect("it is held");
    assert_eq!(owner.pid, i32::try_from(std::process::id()).expect("fits"));
    let folder = lab.folder.path().to_owned();
    drop(lab.supervisor);
    drop(open(&folder));
}
