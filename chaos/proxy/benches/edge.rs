//! What an edge without faults costs: a round trip over one connection, and 64 connections at once, each directly and through
//! the program. Prints the memory of the program with a thousand connections at the end.
#![expect(clippy::print_stdout, reason = "a benchmark reports on its output")]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CONNECTIONS: u64 = 64;
const MANY: usize = 1_000;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// The program with one edge.
struct Proxy {
    child: Child,
    edge: SocketAddr,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn proxy(upstream: SocketAddr) -> Proxy {
    let folder = std::env::temp_dir().join(format!("chaos-proxy-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (file, edge) = (folder.join("edges.json"), free());
    let edges = format!(r#"[{{"name": "bench", "listen": "{edge}", "upstream": "{upstream}"}}]"#);
    std::fs::write(&file, edges).expect("written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_chaos-proxy"))
        .env("CHAOS_PROXY_ADDR", "127.0.0.1:0")
        .env("CHAOS_PROXY_EDGES", &file)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let said = BufReader::new(child.stdout.take().expect("piped"))
        .lines()
        .next();
    said.expect("it says that it serves").expect("text");
    Proxy { child, edge }
}

fn free() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("bound")
}

async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("bound");
    let router = Router::new().route("/", get(async || "hello"));
    #[expect(clippy::disallowed_methods, reason = "it ends with the benchmark")]
    tokio::spawn(axum::serve(listener, router).into_future());
    addr
}

async fn connect(addr: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(addr).await.expect("connected");
    socket.set_nodelay(true).expect("ours");
    socket
}

async fn request(socket: &mut TcpStream, answer: &mut [u8]) {
    socket.write_all(REQUEST).await.expect("sent");
    let mut count = 0;
    while !answer[..count].ends_with(b"hello") {
        count += socket.read(&mut answer[count..]).await.expect("answered");
    }
}

async fn requests(addr: SocketAddr, count: u64) -> Duration {
    let mut socket = connect(addr).await;
    let mut answer = [0; 1024];
    request(&mut socket, &mut answer).await;
    let since = Instant::now();
    for _ in 0..count {
        request(&mut socket, &mut answer).await;
    }
    since.elapsed()
}

async fn at_once(addr: SocketAddr, count: u64) -> Duration {
    let mut customers = JoinSet::new();
    let since = Instant::now();
    for _ in 0..CONNECTIONS {
        customers.spawn(requests(addr, count));
    }
    customers.join_all().await;
    since.elapsed()
}

fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let upstream = runtime.block_on(server());
    let proxy = proxy(upstream);
    let ways = [("direct", upstream), ("edge", proxy.edge)];
    let mut group = criterion.benchmark_group("round trip");
    for (way, addr) in ways {
        group.bench_function(way, |bencher| {
            bencher.iter_custom(|count| runtime.block_on(requests(addr, count)));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("64 connections");
    group.throughput(Throughput::Elements(CONNECTIONS));
    for (way, addr) in ways {
        group.bench_function(way, |bencher| {
            bencher.iter_custom(|count| runtime.block_on(at_once(addr, count)));
        });
    }
    group.finish();
    let mut sockets = Vec::new();
    for _ in 0..MANY {
        let mut socket = runtime.block_on(connect(proxy.edge));
        runtime.block_on(request(&mut socket, &mut [0; 1024]));
        sockets.push(socket);
    }
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", proxy.child.id())).unwrap_or_default();
    let rss = status.lines().find(|line| line.starts_with("VmRSS"));
    println!(
        "{MANY} connections: {}",
        rss.unwrap_or("this system has no /proc")
    );
}

criterion_group!(benches, bench);
criterion_main!(benches);
