//! Every limit of the proxy, each with its reason.

use std::time::Duration;

/// The longest lease, and the longest time in any attribute. Whoever breaks something for longer than an hour renews it:
/// a fault that nobody remembers is gone within the hour.
pub const LEASE_MAX: Duration = Duration::from_secs(3600);
/// The lab has fewer than fifty edges; each costs a listener and a task.
pub const PROXIES_MAX: usize = 256;
/// Each one is a stage that every byte goes through. Nobody can tell apart what thirty-two do together.
pub const TOXICS_PER_PROXY_MAX: usize = 32;
/// Over all proxies. Each costs two sockets and some 3 KB; a thousand customers at once need some two thousand.
pub const CONNECTIONS_MAX: usize = 4096;
/// The largest body of a request to the control API: 256 proxies to populate take a tenth of it.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The longest name of a proxy, a toxic or a holder: they become labels of metrics.
pub const NAME_BYTES_MAX: usize = 128;
/// What one direction of a connection holds back before it stops to read. More than a delayed request or reply of
/// the shop; a sender that is held back longer waits, as TCP has it.
pub const LINE_BYTES_MAX: usize = 256 * 1024;
/// What is read at once: a full message of the shop, and little enough for a delay to be smooth.
pub const CHUNK_BYTES_MAX: usize = 32 * 1024;
/// What all connections together hold back. Beyond it each may hold a single chunk.
pub const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Ended faults that are remembered with what they hit: an experiment asks after it has healed.
pub const ENDED_MAX: usize = 256;
/// How long an upstream may take to answer a connection attempt. Longer than any client of the shop waits.
pub const DIAL_LIMIT: Duration = Duration::from_secs(30);
/// Faults by edge and name whose hits are counted over all their lives; each is two series of a scrape.
pub const TOLLS_MAX: usize = 1024;
/// The largest body that is kept to be sent a second time. Requests of the shop have a few KB.
pub const DUPLICATE_BYTES_MAX: u64 = 256 * 1024;
/// Requests of which a fault remembers how often it was asked about them, twice: 400 KB. A retry comes within seconds.
pub const ATTEMPT_KEYS_MAX: usize = 8192;
/// What waits between an edge and the HTTP machine in one direction: a full message of the shop.
pub const EXCHANGE_BYTES_MAX: usize = 64 * 1024;
