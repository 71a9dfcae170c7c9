//! The names of every metric that the chassis records. Values come from the code that does the work, not from here.
//!
//! HTTP, database and pool follow OpenTelemetry's conventions in Prometheus spelling, so that dashboards made for those
//! work; breakers, retries and bulkheads are called as Resilience4j calls them, `name` being the edge.

use super::Spec;

const EDGE: &[&str] = &["name"];
const EDGE_KIND: &[&str] = &["name", "kind"];
const CONSUMER: &[&str] = &["consumer", "topic"];
const TOPIC: &[&str] = &["topic"];

// HTTP in and out.
pub(crate) const HTTP_SERVER_DURATION: Spec = Spec::new(
    "http_server_request_duration_seconds",
    "Duration of requests served.",
    &[
        "http_request_method",
        "http_route",
        "http_response_status_code",
    ],
);
pub(crate) const HTTP_SERVER_ACTIVE: Spec = Spec::new(
    "http_server_active_requests",
    "Requests being served.",
    &["http_request_method"],
);
pub(crate) const HTTP_CLIENT_DURATION: Spec = Spec::new(
    "http_client_request_duration_seconds",
    "Duration of calls out, retries included.",
    &["edge", "outcome"],
);
pub(crate) const RETRY_ATTEMPTS: Spec = Spec::new(
    "client_retry_attempts_total",
    "Second and later tries: made, and refused by the budget.",
    &["edge", "outcome"],
);

// What protects an edge.
pub(crate) const BREAKER_STATE: Spec = Spec::new(
    "resilience4j_circuitbreaker_state",
    "1 for the state that the breaker is in.",
    &["name", "state"],
);
pub(crate) const BREAKER_CALLS: Spec = Spec::new(
    "resilience4j_circuitbreaker_calls_seconds",
    "Tries that the breaker let pass, and how long they took.",
    EDGE_KIND,
);
pub(crate) const BREAKER_CALLS_MAX: Spec = Spec::new(
    "resilience4j_circuitbreaker_calls_seconds_max",
    "The longest try of the last two minutes.",
    EDGE_KIND,
);
pub(crate) const BREAKER_NOT_PERMITTED: Spec = Spec::new(
    "resilience4j_circuitbreaker_not_permitted_calls_total",
    "Tries that the breaker refused.",
    EDGE_KIND,
);
pub(crate) const BREAKER_BUFFERED: Spec = Spec::new(
    "resilience4j_circuitbreaker_buffered_calls",
    "Tries in the breaker's window.",
    EDGE_KIND,
);
pub(crate) const BREAKER_SLOW: Spec = Spec::new(
    "resilience4j_circuitbreaker_slow_calls",
    "Slow tries in the breaker's window.",
    EDGE_KIND,
);
pub(crate) const BREAKER_FAILURE_RATE: Spec = Spec::new(
    "resilience4j_circuitbreaker_failure_rate",
    "Failed tries of a hundred; -1 while there are too few to tell.",
    EDGE,
);
pub(crate) const BREAKER_SLOW_RATE: Spec = Spec::new(
    "resilience4j_circuitbreaker_slow_call_rate",
    "Slow tries of a hundred; -1 while there are too few to tell.",
    EDGE,
);
pub(crate) const BREAKER_TRANSITIONS: Spec = Spec::new(
    "circuit_breaker_transitions_total",
    "Changes of a breaker's state.",
    &["edge", "from", "to"],
);
pub(crate) const RETRY_CALLS: Spec = Spec::new(
    "resilience4j_retry_calls_total",
    "Calls by how they ended and whether it took a retry.",
    EDGE_KIND,
);
pub(crate) const BULKHEAD_AVAILABLE: Spec = Spec::new(
    "resilience4j_bulkhead_available_concurrent_calls",
    "Calls that could begin at once.",
    EDGE,
);
pub(crate) const BULKHEAD_MAX: Spec = Spec::new(
    "resilience4j_bulkhead_max_allowed_concurrent_calls",
    "Calls that may be under way at once.",
    EDGE,
);

// Database.
pub(crate) const DB_OPERATION_DURATION: Spec = Spec::new(
    "db_client_operation_duration_seconds",
    "Duration of SQL statements.",
    &["db_query_summary"],
);
pub(crate) const DB_CONNECTION_COUNT: Spec = Spec::new(
    "db_client_connection_count",
    "Connections of the pool, by state.",
    &["state"],
);
pub(crate) const DB_CONNECTION_MAX: Spec = Spec::new(
    "db_client_connection_max",
    "Connections that the pool may open.",
    &[],
);
pub(crate) const DB_CONNECTION_PENDING: Spec = Spec::new(
    "db_client_connection_pending_requests",
    "Callers that wait for a connection of the pool.",
    &[],
);
pub(crate) const DB_CONNECTION_WAIT: Spec = Spec::new(
    "db_client_connection_wait_time_seconds",
    "How long callers waited for a connection of the pool, with or without getting one.",
    &[],
);
pub(crate) const DB_CONNECTION_TIMEOUTS: Spec = Spec::new(
    "db_client_connection_timeouts_total",
    "Callers that got no connection of the pool in time.",
    &[],
);

// Events.
pub(crate) const OUTBOX_PENDING: Spec = Spec::new(
    "outbox_pending",
    "Events written and not yet published.",
    TOPIC,
);
pub(crate) const OUTBOX_OLDEST_AGE: Spec = Spec::new(
    "outbox_oldest_age_seconds",
    "Age of the oldest unpublished event.",
    TOPIC,
);
pub(crate) const OUTBOX_PUBLISHED: Spec = Spec::new(
    "outbox_published_total",
    "Events acknowledged by the broker.",
    TOPIC,
);
pub(crate) const CONSUMER_MESSAGES: Spec = Spec::new(
    "consumer_messages_total",
    "Messages by outcome.",
    &["consumer", "topic", "outcome"],
);
pub(crate) const CONSUMER_LAG: Spec = Spec::new(
    "consumer_lag",
    "Messages behind the end of the partition.",
    &["consumer", "topic", "partition"],
);
pub(crate) const CONSUMER_DURATION: Spec = Spec::new(
    "consumer_process_duration_seconds",
    "From taking a message up to its end, further attempts included.",
    CONSUMER,
);
pub(crate) const EVENT_DELIVERY: Spec = Spec::new(
    "event_delivery_seconds",
    "From an event's being written to its first being applied.",
    CONSUMER,
);

// Protections.
pub(crate) const PROTECTION_OFF: Spec = Spec::new(
    "protection_off",
    "1 while the protection is switched off.",
    &["protection"],
);
pub(crate) const PROTECTION_LEFT_OUT: Spec = Spec::new(
    "protection_left_out_total",
    "How often it was asked for while it was switched off.",
    &["protection"],
);

// Caches.
pub(crate) const CACHE_REQUESTS: Spec = Spec::new(
    "cache_requests_total",
    "Questions to a cache: answered by it, by what is behind it, or not at all.",
    &["cache", "outcome"],
);

/// Every family above.
#[cfg(test)]
pub(super) const ALL: &[Spec] = &[
    HTTP_SERVER_DURATION,
    HTTP_SERVER_ACTIVE,
    HTTP_CLIENT_DURATION,
    RETRY_ATTEMPTS,
    BREAKER_STATE,
    BREAKER_CALLS,
    BREAKER_CALLS_MAX,
    BREAKER_NOT_PERMITTED,
    BREAKER_BUFFERED,
    BREAKER_SLOW,
    BREAKER_FAILURE_RATE,
    BREAKER_SLOW_RATE,
    BREAKER_TRANSITIONS,
    RETRY_CALLS,
    BULKHEAD_AVAILABLE,
    BULKHEAD_MAX,
    DB_OPERATION_DURATION,
    DB_CONNECTION_COUNT,
    DB_CONNECTION_MAX,
    DB_CONNECTION_PENDING,
    DB_CONNECTION_WAIT,
    DB_CONNECTION_TIMEOUTS,
    OUTBOX_PENDING,
    OUTBOX_OLDEST_AGE,
    OUTBOX_PUBLISHED,
    CONSUMER_MESSAGES,
    CONSUMER_LAG,
    CONSUMER_DURATION,
    EVENT_DELIVERY,
    PROTECTION_OFF,
    PROTECTION_LEFT_OUT,
    CACHE_REQUESTS,
];
