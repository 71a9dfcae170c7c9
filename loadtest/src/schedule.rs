//! When arrivals are due. Pure: it knows rates and time, not the shop, so nothing can slow it down.

use std::time::Duration;

/// A stretch of time with a rate that stays or changes evenly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// How long.
    pub length: Duration,
    /// Arrivals a second at its beginning.
    pub from: f64,
    /// Arrivals a second at its end.
    pub to: f64,
}

/// Stages, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    stages: Vec<Stage>,
}

impl Stage {
    /// The same rate throughout.
    #[must_use]
    pub fn constant(rate: f64, length: Duration) -> Self {
        Self {
            length,
            from: rate,
            to: rate,
        }
    }

    /// Arrivals in it.
    fn arrivals(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.length.as_secs_f64()
    }

    /// When so many arrivals of this stage have been due: the area under the rate, solved for time.
    fn at(&self, arrivals: f64) -> Duration {
        let slope = (self.to - self.from) / self.length.as_secs_f64();
        let seconds = if slope.abs() < 1e-9 {
            arrivals / self.from
        } else {
            // The form of the quadratic's solution that does not divide by a small slope.
            let root = (self.from * self.from + 2.0 * slope * arrivals)
                .max(0.0)
                .sqrt();
            2.0 * arrivals / (self.from + root)
        };
        Duration::from_secs_f64(seconds.max(0.0)).min(self.length)
    }
}

impl Schedule {
    /// From stages of positive length and rates that are not negative.
    #[must_use]
    pub fn new(stages: Vec<Stage>) -> Self {
        Self { stages }
    }

    /// All stages together.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.stages.iter().map(|stage| stage.length).sum()
    }

    /// The highest rate.
    #[must_use]
    pub fn peak(&self) -> f64 {
        let rates = self.stages.iter().flat_map(|stage| [stage.from, stage.to]);
        rates.fold(0.0, f64::max)
    }

    /// The rate with which it begins.
    #[must_use]
    pub fn first(&self) -> f64 {
        self.stages.first().map_or(0.0, |stage| stage.from)
    }

    /// Arrivals a second on average.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let arrivals: f64 = self.stages.iter().map(Stage::arrivals).sum();
        arrivals / self.length().as_secs_f64()
    }

    /// When the arrival with this number (from 0) is due; none when the schedule is over before.
    #[must_use]
    pub fn arrival(&self, number: u64) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "arrivals are far below 2^52")]
        let mut left = number as f64;
        let mut begun = Duration::ZERO;
        for stage in &self.stages {
            // A hair's breadth of rounding must not make one arrival more.
            if left + 1e-6 < stage.arrivals() {
                return Some(begun + stage.at(left));
            }
            left -= stage.arrivals();
            begun += stage.length;
        }
        None
    }

    /// The same shape in another length.
    #[must_use]
    pub fn stretched_to(&self, length: Duration) -> Self {
        let factor = length.as_secs_f64() / self.length().as_secs_f64();
        let stretch = |stage: &Stage| Stage {
            length: stage.length.mul_f64(factor),
            ..*stage
        };
        Self::new(self.stages.iter().map(stretch).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn count(schedule: &Schedule) -> u64 {
        (0..).take_while(|n| schedule.arrival(*n).is_some()).count() as u64
    }

    #[test]
    fn a_constant_rate_is_evenly_spaced() {
        let schedule = Schedule::new(vec![Stage::constant(50.0, seconds(2))]);
        assert_eq!(count(&schedule), 100);
        assert_eq!(schedule.arrival(0), Some(Duration::ZERO));
        assert_eq!(schedule.arrival(10), Some(Duration::from_millis(200)));
        assert_eq!(schedule.arrival(100), None);
    }

    #[test]
    fn a_ramp_has_the_arrivals_of_its_area_and_they_come_closer() {
        let ramp = Stage {
            length: seconds(10),
            from: 0.0,
            to: 100.0,
        };
        let schedule = Schedule::new(vec![ramp]);
        assert_eq!(count(&schedule), 500);
        // A quarter of the area is under the first half of the time.
        let quarter = schedule.arrival(125).unwrap().as_secs_f64();
        assert!((quarter - 5.0).abs() < 1e-6, "{quarter}");
        let gap = |n| schedule.arrival(n + 1).unwrap() - schedule.arrival(n).unwrap();
        assert!((1..490).all(|n| gap(n + 1) <= gap(n)));
    }

    #[test]
    fn stages_follow_each_other_without_a_gap() {
        let up = Stage {
            length: seconds(2),
            from: 10.0,
            to: 30.0,
        };
        let stages = vec![
            Stage::constant(10.0, seconds(1)),
            up,
            Stage::constant(30.0, seconds(1)),
        ];
        let schedule = Schedule::new(stages);
        assert_eq!((count(&schedule), schedule.peak()), (80, 30.0));
        assert_eq!(schedule.arrival(10), Some(seconds(1)));
        assert_eq!(schedule.arrival(50), Some(seconds(3)));
        assert!((schedule.mean() - 20.0).abs() < 1e-9);
        let times: Vec<_> = (0..80).map(|n| schedule.arrival(n).unwrap()).collect();
        assert!(times.is_sorted());
    }

    #[test]
    fn a_stretched_schedule_keeps_its_rates() {
        let schedule = Schedule::new(vec![Stage::constant(5.0, seconds(60))]);
        let short = schedule.stretched_to(seconds(6));
        assert_eq!(
            (short.length(), short.peak(), count(&short)),
            (seconds(6), 5.0, 30)
        );
    }
}
