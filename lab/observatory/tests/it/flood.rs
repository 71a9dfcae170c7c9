//! The program itself under a flood: the memory that the system says it takes stays near the bound,
//! and what had to go is counted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use observatory::wire::Value;
use prost::Message as _;
use serde_json::Value as Json;

use super::support::{attribute, data, of, span, text};

const MEMORY_MB: usize = 16;
/// The program with nothing stored, and requests on their way.
const BESIDE_MB: usize = 12;

struct Process {
    child: Child,
    otlp_http: String,
    query: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Process {
    let mut child = Command::new(env!("CARGO_BIN_EXE_observatory"))
        .env("OBSERVATORY_OTLP_HTTP_ADDR", "127.0.0.1:0")
        .env("OBSERVATORY_OTLP_GRPC_ADDR", "127.0.0.1:0")
        .env("OBSERVATORY_QUERY_ADDR", "127.0.0.1:0")
        .env("OBSERVATORY_ADMIN_ADDR", "127.0.0.1:0")
        .env("OBSERVATORY_MEMORY_MB", MEMORY_MB.to_string())
        .env("MALLOC_ARENA_MAX", "2")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    let line: Json = serde_json::from_str(&first).unwrap();
    let address = |name: &str| line[name].as_str().unwrap().to_owned();
    Process {
        otlp_http: address("otlp_http"),
        query: address("query"),
        child,
    }
}

/// 500 spans in 25 traces, no attribute value like another.
fn batch(number: u64) -> Vec<u8> {
    let spans = (0..500).map(|n| {
        let unique = number * 500 + n;
        let trace = u128::from(unique / 20 + 1);
        let mut span = span(trace, n % 20 + 1, n % 20, unique, 3);
        span.attributes = vec![
            text("http.request.method", "GET"),
            text("url.path", &format!("/api/v1/orders/{unique:020}")),
            text(
                "order.id",
                &format!("0199-{:032x}", unique.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            ),
            attribute("http.response.status_code", Value::Int(200)),
            text("db.query.text", &"SELECT x ".repeat((n % 30) as usize)),
        ];
        span
    });
    data(vec![of("flood", spans.collect())]).encode_to_vec()
}

#[cfg(target_os = "linux")]
fn resident_mb(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes / 1_000
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_leaves_memory_near_its_bound_and_is_counted() {
    let process = start();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/v1/traces", process.otlp_http);
    let mut most = 0;
    for number in 0..300 {
        let request = http
            .post(&url)
            .header("content-type", "application/x-protobuf");
        let answer = request.body(batch(number)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        most = most.max(resident_mb(process.child.id()));
    }
    let stats = http
        .get(format!("http://{}/api/stats", process.query))
        .send()
        .await
        .unwrap();
    let stats: Json = stats.json().await.unwrap();
    let number = |value: &Json| value.as_u64().unwrap();
    let (bytes, bytes_max) = (
        number(&stats["traces"]["bytes"]),
        number(&stats["traces"]["bytesMax"]),
    );
    assert!(bytes <= bytes_max && bytes > bytes_max * 8 / 10, "{stats}");
    let (stored, evicted) = (
        number(&stats["spans"]["stored"]),
        number(&stats["spans"]["evicted"]),
    );
    assert_eq!(stored, 150_000);
    assert_eq!(
        stored - evicted,
        number(&stats["traces"]["spans"]),
        "{stats}"
    );
    assert!(evicted > stored / 2, "it was no flood: {stats}");
    // A half more is what the allocator may lose between blocks of different sizes.
    assert!(
        most <= MEMORY_MB * 3 / 2 + BESIDE_MB,
        "{most} MB resident; {stats}"
    );
    assert!(
        most >= MEMORY_MB * 3 / 4,
        "{most} MB resident is too good to be true"
    );
}
