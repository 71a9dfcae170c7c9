//! Which breaker configurations are accepted, and what is said about the others.

use std::time::Duration;

use resilience::{BreakerConfig, CircuitBreaker, ConfigError, Window};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn defaults_are_valid() {
    assert_eq!(BreakerConfig::default().validate(), Ok(()));
}

#[test]
fn limits_themselves_are_valid() {
    let config = BreakerConfig {
        window: Window::Time(Duration::from_secs(BreakerConfig::WINDOW_SECONDS_MAX)),
        minimum_calls: 1,
        failure_rate_percent: 100,
        slow_call_rate_percent: 1,
        slow_call_duration: BreakerConfig::WAIT_MAX,
        half_open_permits: BreakerConfig::WINDOW_CALLS_MAX,
        open_wait: BreakerConfig::WAIT_MAX,
        open_wait_multiplier: 1.0,
        open_wait_max: BreakerConfig::WAIT_MAX,
        half_open_wait_max: None,
    };

    assert_eq!(config.validate(), Ok(()));
}

#[test]
fn each_bad_field_is_refused_by_name() {
    type Change = fn(&mut BreakerConfig);
    let cases: [(Change, ConfigError); 16] = [
        (|c| c.window = Window::Count(0), ConfigError::CountWindow),
        (
            |c| c.window = Window::Count(100_001),
            ConfigError::CountWindow,
        ),
        (
            |c| c.window = Window::Time(Duration::ZERO),
            ConfigError::TimeWindow,
        ),
        (
            |c| c.window = Window::Time(SECOND / 2),
            ConfigError::TimeWindow,
        ),
        (
            |c| c.window = Window::Time(3601 * SECOND),
            ConfigError::TimeWindow,
        ),
        (|c| c.minimum_calls = 0, ConfigError::MinimumCalls),
        (
            |c| c.failure_rate_percent = 0,
            ConfigError::Percent {
                field: "failure_rate_percent",
            },
        ),
        (
            |c| c.slow_call_rate_percent = 101,
            ConfigError::Percent {
                field: "slow_call_rate_percent",
            },
        ),
        (
            |c| c.slow_call_duration = Duration::ZERO,
            ConfigError::Wait {
                field: "slow_call_duration",
            },
        ),
        (|c| c.half_open_permits = 0, ConfigError::HalfOpenPermits),
        (
            |c| c.open_wait = Duration::ZERO,
            ConfigError::Wait { field: "open_wait" },
        ),
        (
            |c| c.open_wait_max = Duration::MAX,
            ConfigError::Wait {
                field: "open_wait_max",
            },
        ),
        (
            |c| c.half_open_wait_max = Some(Duration::ZERO),
            ConfigError::Wait {
                field: "half_open_wait_max",
            },
        ),
        (|c| c.open_wait_multiplier = 0.5, ConfigError::Multiplier),
        (
            |c| c.open_wait_multiplier = f64::NAN,
            ConfigError::Multiplier,
        ),
        (
            |c| c.open_wait_max = c.open_wait / 2,
            ConfigError::WaitOrder,
        ),
    ];

    for (change, error) in cases {
        let mut config = BreakerConfig::default();
        change(&mut config);
        assert_eq!(config.validate(), Err(error), "{config:?}");
    }
}

#[test]
#[should_panic(expected = "validated when it is read")]
fn breaker_is_not_made_from_an_invalid_configuration() {
    let _ = CircuitBreaker::new(BreakerConfig {
        minimum_calls: 0,
        ..BreakerConfig::default()
    });
}
