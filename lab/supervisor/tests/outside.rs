//! What others see: the control socket and the holders of ports.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use supervisor::{Action, Error, Phase, State, control, ports};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::{TestLab, eventually, shell};

#[tokio::test]
async fn the_control_socket_shows_acts_and_passes_on_the_stop() {
    let lab = TestLab::new();
    let (stop, shutdown) = (CancellationToken::new(), CancellationToken::new());
    let listener = control::bind(lab.supervisor.dirs()).expect("it binds");
    let socket = lab.supervisor.dirs().run().join("control.sock");
    let mode = std::fs::metadata(&socket)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let serving = TaskTracker::new().spawn(control::serve(
        listener,
        Arc::clone(&lab.supervisor),
        stop.clone(),
        shutdown.clone(),
    ));
    let client = control::Client::of(lab.supervisor.dirs()).expect("it is written down");

    let step = lab.supervisor.board.step("workers");
    lab.start(vec![shell("worker", "exec sleep 600")]).await;
    assert_eq!(client.boot().await.expect("answers").steps[0].took_ms, None);
    step.done("1 ready");
    lab.supervisor.board.set_phase(Phase::Ready);
    assert!(client.status().await.expect("answers").ready);

    client
        .act("worker", Action::Pause, None)
        .await
        .expect("it pauses");
    let status = client.status().await.expect("answers");
    assert_eq!(status.processes[1].state, State::Paused);
    assert!(!status.ready);
    let refused = client
        .act("nobody", Action::Pause, None)
        .await
        .expect_err("nobody is there");
    assert!(
        refused.to_string().contains("there are: worker"),
        "{refused}"
    );

    client.stop().await.expect("accepted");
    stop.cancelled().await;
    shutdown.cancel();
    serving.await.expect("no panic").expect("served");
    assert!(!socket.exists());
    assert!(matches!(
        control::Client::of(lab.supervisor.dirs()),
        Err(Error::Unreachable { .. })
    ));
    lab.stop().await;
}

#[tokio::test]
async fn the_holder_of_a_port_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let holder = ports::holder(port).expect("it is held");
    assert_eq!(holder.pid, i32::try_from(std::process::id()).ok());
    assert!(
        holder
            .name
            .is_some_and(|name| name.starts_with("real_processes"))
    );
    drop(listener);
    eventually("the port is free", async || ports::is_free(port)).await;
    assert_eq!(ports::holder(port), None);
}
