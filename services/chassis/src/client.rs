//! HTTP out: the one way in which a service calls another.
//!
//! An [`EdgeClient`] belongs to an edge (`order->payment`) and applies its policy, outermost first: trace → deadline →
//! retry with budget (idempotent calls only) → breaker → bulkhead → per-try timeout. A call that failed says whether it
//! may have happened ([`CallError::may_have_happened`]): money and stock code must not guess.
//!
//! The admin port shows every edge with its policy ([`EdgeBook`]); each protection has a switch ([`crate::protection`]).

mod book;
mod call;
mod policy;
mod protections;
mod reply;
mod span;
mod transport;

use std::{sync::Arc, time::Instant};

use anyhow::Context as _;
use http::Method;
use resilience::{Bulkhead, CircuitBreaker, RetryBudget};
use url::Url;

use self::protections::EdgeProtections;
pub(crate) use self::transport::{Transport, TransportError};
pub use self::{
    book::{BreakerView, BulkheadView, EdgeBook, EdgeView, RetryView},
    call::Call,
    policy::EdgePolicy,
    reply::{CallError, Reply},
};
use crate::{
    auth::ServiceTokens,
    metrics::{EdgeWatch, Metrics, RETRY_KINDS, RETRY_OUTCOMES},
    service::Context,
};

/// Calls one neighbour.
#[derive(Clone)]
pub struct EdgeClient {
    shared: Arc<Shared>,
}

struct Shared {
    /// `caller->callee`, the name in metrics, logs and faults.
    edge: String,
    base: Url,
    transport: Transport,
    tokens: Option<ServiceTokens>,
    /// Outside of the shop: nothing about users and orders is sent along.
    foreign: bool,
    guards: Arc<Guards>,
    metrics: Metrics,
    _watch: EdgeWatch,
}

/// What stands between this service and the neighbour.
struct Guards {
    policy: EdgePolicy,
    breaker: CircuitBreaker,
    bulkhead: Bulkhead,
    budget: RetryBudget,
    switches: EdgeProtections,
}

impl Guards {
    fn new(edge: &str, policy: EdgePolicy) -> Self {
        Self {
            breaker: CircuitBreaker::new(policy.breaker.clone()),
            bulkhead: Bulkhead::new(policy.calls_in_flight_max, policy.queue_wait_max),
            budget: RetryBudget::new(
                policy.retry_budget_percent,
                policy.retries_per_second_min,
                policy.retry_budget_window,
            ),
            switches: EdgeProtections::register(edge),
            policy,
        }
    }
}

impl EdgeClient {
    /// The client for a neighbour whose address is in `EDGE_<CALLEE>_URL`, with a policy that `EDGE_<CALLEE>_…`
    /// variables may change (see [`EdgePolicy::from_env`]).
    ///
    /// # Errors
    /// A variable is missing or makes no sense.
    pub fn from_env(
        context: &Context,
        callee: &'static str,
        policy: EdgePolicy,
    ) -> anyhow::Result<Self> {
        let prefix = format!("EDGE_{}", callee.to_ascii_uppercase());
        let base: Url = context
            .env
            .parsed(&format!("{prefix}_URL"), "the base URL of the neighbour")?;
        let policy = policy.from_env(&context.env, &prefix)?;
        Self::new(context, callee, base, policy)
    }

    /// A client for a neighbour at a known address.
    ///
    /// # Errors
    /// The policy contradicts itself, or the address is not plain HTTP.
    pub fn new(
        context: &Context,
        callee: &str,
        base: Url,
        policy: EdgePolicy,
    ) -> anyhow::Result<Self> {
        policy.breaker.validate()?;
        transport::check(&base)?;
        let edge = format!("{}->{callee}", context.config.name);
        let metrics = context.metrics.clone();
        prepare(&metrics, &edge);
        let transport = Transport::new(policy.connect_timeout, policy.calls_in_flight_max);
        let guards = Arc::new(Guards::new(&edge, policy));
        context.edges.enter(&edge, &guards);
        let (breaker, bulkhead) = (guards.breaker.clone(), guards.bulkhead.clone());
        let shared = Shared {
            base,
            transport,
            tokens: None,
            _watch: metrics.watch_edge(&edge, breaker, Some(bulkhead)),
            edge,
            foreign: false,
            guards,
            metrics,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The same client, sending this service's own token with each call.
    #[must_use]
    pub fn with_service_token(mut self, tokens: ServiceTokens) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("configured before it is shared");
        shared.tokens = Some(tokens);
        self
    }

    /// The same client, for a callee outside of the shop: the trace goes with each call, the baggage does not.
    #[must_use]
    pub fn to_the_outside(mut self) -> Self {
        let shared = Arc::get_mut(&mut self.shared).expect("configured before it is shared");
        shared.foreign = true;
        self
    }

    pub(crate) fn for_jwks(context: &Context, base: &str) -> anyhow::Result<Self> {
        let base = base.parse().context("JWKS_URL")?;
        // A name of its own: it has a breaker of its own beside that of a client for the user service itself.
        Self::new(context, "user.jwks", base, EdgePolicy::default())
    }

    /// `caller->callee`.
    pub fn edge(&self) -> &str {
        &self.shared.edge
    }

    /// Whether the breaker lets no call pass at the moment. Asking does not use up a permit.
    pub fn is_open(&self) -> bool {
        let Guards {
            breaker, switches, ..
        } = &*self.shared.guards;
        !breaker.would_admit(Instant::now()) && switches.breaker.is_on()
    }

    /// A read. Safe to retry.
    pub fn get(&self, path: &str) -> Call {
        self.request(Method::GET, path).idempotent()
    }

    /// A write. Not retried unless the call says that it is [`Call::idempotent`] or carries a key.
    pub fn post(&self, path: &str) -> Call {
        self.request(Method::POST, path)
    }

    /// Any call.
    pub fn request(&self, method: Method, path: &str) -> Call {
        Call::new(self.shared.clone(), method, path)
    }
}

/// The series of an edge are there before its first call, so that the first retry shows as an increase.
fn prepare(metrics: &Metrics, edge: &str) {
    metrics.http_client_duration.prepare(&[edge, "answered"]);
    for outcome in RETRY_OUTCOMES {
        drop(metrics.retry_attempts.with_label_values(&[edge, outcome]));
    }
    for kind in RETRY_KINDS {
        drop(metrics.retry_calls.with_label_values(&[edge, kind]));
    }
}
