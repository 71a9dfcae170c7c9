//! The observatory as a process of the lab: its ports, its environment, and where services send
//! what they have to tell. The shop does without it; the supervisor starts it again when it dies.

use std::time::Duration;

use supervisor::{ProcessSpec, Readiness, StopSignal, Supervisor};

use crate::shop::Service;
use crate::{Lab, edges};

/// Its name: also its program and its log.
pub const NAME: &str = "observatory";

const READY_LIMIT: Duration = Duration::from_secs(15);
/// A little longer than the 2 s in which it drains.
const STOP_DEADLINE: Duration = Duration::from_secs(3);

/// Starts it and waits until it answers.
///
/// # Errors
/// When it does not become ready, with the last lines of its log.
pub async fn start(lab: &Lab, supervisor: &Supervisor) -> anyhow::Result<()> {
    let step = supervisor.board.step("observatory");
    supervisor.start_stage(vec![spec(lab)], |_, _| {}).await?;
    step.done(match &lab.otlp_endpoint {
        None => format!("traces at {}", query_url(lab)),
        Some(elsewhere) => format!("idle: services send to {elsewhere}"),
    });
    Ok(())
}

/// Where it answers queries.
#[must_use]
pub fn query_url(lab: &Lab) -> String {
    format!("http://127.0.0.1:{}", lab.ports.traces())
}

/// Where it takes OTLP over HTTP.
#[must_use]
pub fn otlp_http_url(lab: &Lab) -> String {
    format!("http://127.0.0.1:{}", lab.ports.otlp_http())
}

/// Where it takes OTLP over gRPC.
#[must_use]
pub fn otlp_grpc_url(lab: &Lab) -> String {
    format!("http://127.0.0.1:{}", lab.ports.otlp_grpc())
}

/// Where a service sends its telemetry: over its edge to the observatory, unless another place was named.
#[must_use]
pub fn endpoint_of(lab: &Lab, service: &Service) -> String {
    let elsewhere = lab.otlp_endpoint.clone();
    elsewhere.unwrap_or_else(|| format!("http://127.0.0.1:{}", edges::port(lab, service, "otlp")))
}

fn spec(lab: &Lab) -> ProcessSpec {
    let ports = lab.ports;
    let local = |port: u16| format!("127.0.0.1:{port}");
    let env = [
        ("OBSERVATORY_OTLP_HTTP_ADDR", local(ports.otlp_http())),
        ("OBSERVATORY_OTLP_GRPC_ADDR", local(ports.otlp_grpc())),
        ("OBSERVATORY_QUERY_ADDR", local(ports.traces())),
        ("OBSERVATORY_ADMIN_ADDR", local(ports.traces_admin())),
        // glibc would keep an arena per core and thread beside the memory that is accounted for.
        ("MALLOC_ARENA_MAX", "2".to_owned()),
    ];
    ProcessSpec {
        name: NAME.to_owned(),
        program: lab.bin_dir.join(NAME),
        args: Vec::new(),
        env: env.map(|(name, value)| (name.to_owned(), value)).into(),
        cwd: None,
        run_as: None,
        port: ports.traces(),
        admin_port: Some(ports.traces_admin()),
        stop_signal: StopSignal::Term,
        stop_deadline: STOP_DEADLINE,
        ready: Readiness::Http(format!("http://{}/ready", local(ports.traces_admin()))),
        ready_limit: READY_LIMIT,
        background: true,
    }
}
