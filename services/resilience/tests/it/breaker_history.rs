//! The breaker and its model live through the same random histories and must agree after every step.

use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, TestCaseError, any, prop_assert_eq, proptest,
};
use proptest::{option, prop_oneof};
use resilience::CallResult::{Failure, Success};
use resilience::{BreakerConfig, CircuitBreaker, Permit, State, Window};

use crate::breaker_model::{End, Model};

#[derive(Clone, Debug)]
enum Step {
    Wait(Duration),
    Acquire,
    /// Ends one of the calls on their way, chosen by the number.
    End(usize, End),
    Order(State),
}

/// The real breaker beside its model, and the permits of the calls on their way with the model's number for each.
struct Pair {
    model: Model,
    breaker: CircuitBreaker,
    on_their_way: Vec<(usize, Permit)>,
}

impl Pair {
    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wait(span) => self.model.wait(span),
            Step::Acquire => {
                let promised = self.breaker.would_admit(self.model.now);
                let expected = self.model.acquire();
                prop_assert_eq!(promised, expected);
                let permit = self.breaker.try_acquire(self.model.now);
                prop_assert_eq!(permit.is_ok(), expected);
                if let (Err(rejected), State::Open) = (&permit, self.model.state) {
                    prop_assert_eq!(
                        rejected.retry_after,
                        self.model.open_until() - self.model.now
                    );
                }
                self.on_their_way.extend(
                    permit
                        .ok()
                        .map(|permit| (self.model.calls.len() - 1, permit)),
                );
            }
            Step::End(choice, end) if !self.on_their_way.is_empty() => {
                let (call, permit) = self.on_their_way.remove(choice % self.on_their_way.len());
                self.model.end(call, end);
                match end {
                    End::Record(result) => permit.record(self.model.now, result),
                    End::Ignore => permit.ignore(self.model.now),
                    End::Drop => drop(permit),
                }
            }
            Step::End(..) => {}
            Step::Order(state) => {
                self.model.order(state);
                match state {
                    State::ForcedOpen => self.breaker.force_open(self.model.now),
                    State::Disabled => self.breaker.disable(self.model.now),
                    State::MetricsOnly => self.breaker.metrics_only(self.model.now),
                    _ => self.breaker.reset(self.model.now),
                }
            }
        }
        self.agree()
    }

    fn agree(&self) -> Result<(), TestCaseError> {
        let (model, snapshot) = (&self.model, self.breaker.snapshot(self.model.now));
        let window = model.window();
        let count = |wanted: fn(&(bool, bool)) -> bool| {
            window.iter().filter(|call| wanted(call)).count() as u64
        };
        prop_assert_eq!(snapshot.state, model.state);
        prop_assert_eq!(snapshot.counts.calls, window.len() as u64);
        prop_assert_eq!(snapshot.counts.failed, count(|call| call.0));
        prop_assert_eq!(snapshot.counts.slow, count(|call| call.1));
        prop_assert_eq!(snapshot.counts.slow_failed, count(|call| call.0 && call.1));
        prop_assert_eq!(
            snapshot.failure_rate_percent,
            model.rates().map(|rates| rates.0)
        );
        prop_assert_eq!(
            snapshot.slow_call_rate_percent,
            model.rates().map(|rates| rates.1)
        );
        prop_assert_eq!(snapshot.totals, model.totals);
        prop_assert_eq!(
            snapshot.open_until,
            (model.state == State::Open).then(|| model.open_until())
        );
        let permits = (model.state == State::HalfOpen).then(|| model.permits_left() as u32);
        prop_assert_eq!(snapshot.half_open_permits_left, permits);
        let last = snapshot
            .last_transition
            .map(|last| (last.from, last.to, last.at));
        prop_assert_eq!(last, model.transitions.last().copied());
        for state in State::ALL {
            let entered = model
                .transitions
                .iter()
                .filter(|(_, to, _)| *to == state)
                .count();
            prop_assert_eq!(snapshot.transitions_into(state), entered as u64);
            for from in State::ALL {
                let straight = model
                    .transitions
                    .iter()
                    .filter(|(left, to, _)| (*left, *to) == (from, state))
                    .count();
                prop_assert_eq!(snapshot.transitions_between(from, state), straight as u64);
            }
        }
        Ok(())
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let end = prop_oneof![
        4 => Just(End::Record(Failure)),
        4 => Just(End::Record(Success)),
        1 => Just(End::Ignore),
        1 => Just(End::Drop),
    ];
    let order = prop_oneof![
        Just(State::Closed),
        Just(State::ForcedOpen),
        Just(State::Disabled),
        Just(State::MetricsOnly),
    ];
    let step = prop_oneof![
        4 => (0_u64..2_500).prop_map(|ms| Step::Wait(Duration::from_millis(ms))),
        8 => Just(Step::Acquire),
        8 => (any::<usize>(), end).prop_map(|(choice, end)| Step::End(choice, end)),
        1 => order.prop_map(Step::Order),
    ];
    vec(step, 1..250)
}

/// Small numbers, so that a short history goes through every state many times.
fn configs() -> impl Strategy<Value = BreakerConfig> {
    let window = prop_oneof![
        (1_u32..8).prop_map(Window::Count),
        (1_u64..6).prop_map(|seconds| Window::Time(Duration::from_secs(seconds))),
    ];
    let rates = (1_u8..=100, 1_u8..=100, 1_u64..3_000);
    let half_open = (1_u32..6, option::of(500_u64..6_000));
    (window, 1_u32..8, rates, half_open, 1_u32..=3).prop_map(
        |(window, minimum_calls, rates, half_open, multiplier)| BreakerConfig {
            window,
            minimum_calls,
            failure_rate_percent: rates.0,
            slow_call_rate_percent: rates.1,
            slow_call_duration: Duration::from_millis(rates.2),
            half_open_permits: half_open.0,
            open_wait: Duration::from_secs(1),
            open_wait_multiplier: multiplier.into(),
            open_wait_max: Duration::from_secs(5),
            half_open_wait_max: half_open.1.map(Duration::from_millis),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn breaker_and_model_agree_on_every_step_of_any_history(config in configs(), steps in steps()) {
        let start = Instant::now();
        let breaker = CircuitBreaker::new(config.clone());
        let mut pair = Pair { model: Model::new(config, start), breaker, on_their_way: Vec::new() };
        for step in steps {
            pair.take(step)?;
        }
    }
}
