//! The breaker's settings, their defaults with the reason, and their limits.

use std::time::Duration;

use thiserror::Error;

/// What the failure and slow-call rates are computed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The last so many calls.
    Count(u32),
    /// The calls of the last so many whole seconds, counted in buckets of one second.
    Time(Duration),
}

/// Settings of one breaker. The defaults are Resilience4j's, adapted to calls that answer in milliseconds and are
/// given up after seconds; each field names the original.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerConfig {
    /// The sliding window while closed. Default: 100 calls, as Resilience4j.
    pub window: Window,
    /// Calls in the window before any rate is computed; a count window smaller than this uses its own size.
    /// Default 20 (Resilience4j: 100, which an edge with little traffic would never reach).
    pub minimum_calls: u32,
    /// Opens when at least this share of the calls failed, 1–100. Default 50, as Resilience4j.
    pub failure_rate_percent: u8,
    /// Opens when at least this share of the calls was slow, 1–100. Default 100, as Resilience4j.
    pub slow_call_rate_percent: u8,
    /// A call that took longer than this is slow, whether or not it failed.
    /// Default 1 s (Resilience4j: 60 s; half of the 2 s that a checkout may take in all).
    pub slow_call_duration: Duration,
    /// Probes admitted in half-open; also the size of its window. Default 10, as Resilience4j.
    pub half_open_permits: u32,
    /// How long the breaker stays open the first time.
    /// Default 5 s (Resilience4j: 60 s; a person who watches should see it heal).
    pub open_wait: Duration,
    /// Factor on the wait for each further opening without a recovery between; 1 keeps it constant.
    /// Default 2 (Resilience4j: constant, 1.5 for its exponential interval function).
    pub open_wait_multiplier: f64,
    /// The longest wait. Default 60 s, Resilience4j's constant wait.
    pub open_wait_max: Duration,
    /// Half-open without a verdict for this long opens again; `None` waits for ever.
    /// Default 30 s (Resilience4j: for ever): more than any call's deadline, so only hung probes are cut off.
    pub half_open_wait_max: Option<Duration>,
}

/// Why a breaker's configuration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// The count window is empty or needs too much memory.
    #[error("a count window holds 1 to {} calls", BreakerConfig::WINDOW_CALLS_MAX)]
    CountWindow,
    /// The time window is not a whole number of seconds within the limits.
    #[error(
        "a time window is 1 to {} whole seconds",
        BreakerConfig::WINDOW_SECONDS_MAX
    )]
    TimeWindow,
    /// A rate computed from no calls says nothing.
    #[error("minimum_calls is at least 1")]
    MinimumCalls,
    /// A rate of 0 would open at once, above 100 never.
    #[error("{field} is 1 to 100")]
    Percent {
        /// The field's name.
        field: &'static str,
    },
    /// Without probes half-open never ends; their window is kept in memory.
    #[error("half_open_permits is 1 to {}", BreakerConfig::WINDOW_CALLS_MAX)]
    HalfOpenPermits,
    /// A duration is zero or beyond every purpose.
    #[error("{field} is more than 0 and at most {} s", BreakerConfig::WAIT_MAX.as_secs())]
    Wait {
        /// The field's name.
        field: &'static str,
    },
    /// The wait may grow or stay, not shrink.
    #[error("open_wait_multiplier is a number from 1 up")]
    Multiplier,
    /// The first wait is already longer than the longest.
    #[error("open_wait_max is at least open_wait")]
    WaitOrder,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            window: Window::Count(100),
            minimum_calls: 20,
            failure_rate_percent: 50,
            slow_call_rate_percent: 100,
            slow_call_duration: Duration::from_secs(1),
            half_open_permits: 10,
            open_wait: Duration::from_secs(5),
            open_wait_multiplier: 2.0,
            open_wait_max: Duration::from_secs(60),
            half_open_wait_max: Some(Duration::from_secs(30)),
        }
    }
}

impl BreakerConfig {
    /// The largest count window: two bytes a call, and far more calls than a verdict needs.
    pub const WINDOW_CALLS_MAX: u32 = 100_000;
    /// The longest time window: an hour of one-second buckets.
    pub const WINDOW_SECONDS_MAX: u64 = 3600;
    /// The longest of every wait and limit: a day.
    pub const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

    /// Checks every field and how they fit together.
    ///
    /// # Errors
    /// The first [`ConfigError`] found.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_window()?;
        percent("failure_rate_percent", self.failure_rate_percent)?;
        percent("slow_call_rate_percent", self.slow_call_rate_percent)?;
        wait("slow_call_duration", self.slow_call_duration)?;
        wait("open_wait", self.open_wait)?;
        wait("open_wait_max", self.open_wait_max)?;
        self.half_open_wait_max
            .map_or(Ok(()), |max| wait("half_open_wait_max", max))?;
        ensure(
            (1..=Self::WINDOW_CALLS_MAX).contains(&self.half_open_permits),
            ConfigError::HalfOpenPermits,
        )?;
        ensure(
            self.open_wait_multiplier.is_finite() && self.open_wait_multiplier >= 1.0,
            ConfigError::Multiplier,
        )?;
        ensure(self.open_wait <= self.open_wait_max, ConfigError::WaitOrder)
    }

    fn validate_window(&self) -> Result<(), ConfigError> {
        ensure(self.minimum_calls >= 1, ConfigError::MinimumCalls)?;
        match self.window {
            Window::Count(calls) => ensure(
                (1..=Self::WINDOW_CALLS_MAX).contains(&calls),
                ConfigError::CountWindow,
            ),
            Window::Time(span) => ensure(
                span.subsec_nanos() == 0
                    && (1..=Self::WINDOW_SECONDS_MAX).contains(&span.as_secs()),
                ConfigError::TimeWindow,
            ),
        }
    }

    /// The wait after the `opening`-th opening (from 1) since the breaker was last closed.
    pub(super) fn open_wait_after(&self, opening: u32) -> Duration {
        let exponent = i32::try_from(opening.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.open_wait.as_secs_f64() * self.open_wait_multiplier.powi(exponent);
        // Fails for what a Duration cannot hold, infinity included: the cap is right for all of those.
        Duration::try_from_secs_f64(seconds)
            .map_or(self.open_wait_max, |wait| wait.min(self.open_wait_max))
    }
}

fn ensure(holds: bool, error: ConfigError) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(error) }
}

fn percent(field: &'static str, value: u8) -> Result<(), ConfigError> {
    ensure((1..=100).contains(&value), ConfigError::Percent { field })
}

fn wait(field: &'static str, value: Duration) -> Result<(), ConfigError> {
    ensure(
        !value.is_zero() && value <= BreakerConfig::WAIT_MAX,
        ConfigError::Wait { field },
    )
}
