//! How the lab's PostgreSQL is tuned: durable and small, for one machine that runs everything at once.

/// What differs between a lab and a test run; the rest is the same on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Sessions that may be open at once.
    pub max_connections: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_connections: 100,
        }
    }
}

/// Fixed settings. The reasons that are not in PostgreSQL's manual are beside them.
const FIXED: [(&str, &str); 29] = [
    // Durability is what the lab shows, so it is written down even where it is the default.
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    // All databases commit into one log: under load they wait a millisecond for each other and share a flush. Measured
    // at 50 orders a second: 570 flushes for some 900 commits a second.
    ("commit_delay", "1000"),
    ("commit_siblings", "4"),
    ("listen_addresses", "127.0.0.1"),
    ("password_encryption", "scram-sha-256"),
    // Memory: six small databases, rows of a few hundred bytes.
    ("shared_buffers", "32MB"),
    ("work_mem", "2MB"),
    ("maintenance_work_mem", "16MB"),
    ("wal_buffers", "1MB"),
    ("huge_pages", "off"),
    // Point queries only: compiling or parallelising them costs more than it saves.
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("max_parallel_workers", "0"),
    ("max_worker_processes", "2"),
    ("random_page_cost", "1.1"),
    // No replicas: less WAL and one background process fewer.
    ("wal_level", "minimal"),
    ("max_wal_senders", "0"),
    ("max_logical_replication_workers", "0"),
    ("min_wal_size", "64MB"),
    ("max_wal_size", "256MB"),
    // Outbox and saga tables are queues: dead rows gather quickly and must go quickly.
    ("autovacuum_max_workers", "2"),
    ("autovacuum_naptime", "15s"),
    // Logs go to stderr, where whoever started it collects them.
    ("logging_collector", "off"),
    ("log_min_duration_statement", "500ms"),
    ("log_lock_waits", "on"),
    ("log_line_prefix", "%m [%p] %q%u@%d "),
    ("timezone", "UTC"),
];

impl Settings {
    /// Command-line arguments for `postgres` that put these settings in force on `port`, and in a folder for its socket
    /// file or, empty, without one.
    pub(crate) fn arguments(self, port: u16, sockets: &str) -> Vec<String> {
        let own = [
            ("port", port.to_string()),
            ("unix_socket_directories", sockets.to_owned()),
            ("max_connections", self.max_connections.to_string()),
        ];
        FIXED
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .chain(own)
            .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
            .collect()
    }
}
