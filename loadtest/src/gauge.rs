//! What the generator itself costs, and how busy the machine is: without both, nobody knows whether a slow answer was
//! the shop's, the generator's, or that of a machine that was simply full.

use std::time::Instant;

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use serde::{Deserialize, Serialize};

/// A look at the clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    at: Instant,
    /// Processor time of this process, seconds.
    own: f64,
    /// Busy and all processor time of the machine, in ticks; none where the system does not tell.
    machine: Option<(u64, u64)>,
}

/// Between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Cores that the generator kept busy, on average.
    pub generator_cores: f64,
    /// Cores of the machine.
    pub cores: usize,
    /// Share of the machine's processor time that was busy, percent, everybody included; none where it is not known.
    pub machine_percent: Option<f64>,
}

impl Sample {
    pub(crate) fn now() -> Self {
        let own = getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| {
            let micros = usage.user_time() + usage.system_time();
            micros.num_microseconds() as f64 / 1e6
        });
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        Self {
            at: Instant::now(),
            own,
            machine: ticks(&stat),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "ticks of a day are far below 2^52"
    )]
    pub(crate) fn until(self, later: Self) -> Usage {
        let seconds = (later.at - self.at).as_secs_f64();
        let machine = self.machine.zip(later.machine);
        let machine = machine.map(|((busy, all), (busy_later, all_later))| {
            let all = all_later.saturating_sub(all).max(1);
            100.0 * busy_later.saturating_sub(busy) as f64 / all as f64
        });
        Usage {
            generator_cores: if seconds > 0.0 {
                (later.own - self.own) / seconds
            } else {
                0.0
            },
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            machine_percent: machine,
        }
    }
}

/// The first line of Linux's `/proc/stat`: user, nice, system, idle, iowait, and more that is busy.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    // Guests' time (the ninth and tenth) is part of the first two.
    let all: u64 = fields.iter().take(8).sum();
    let idle = fields.get(3)? + fields.get(4)?;
    Some((all - idle, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_for_disks_is_not_busy() {
        let stat = "cpu  10 20 30 100 50 1 2 3 4 5\ncpu0 1 2 3\n";
        assert_eq!(ticks(stat), Some((66, 216)));
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn work_shows() {
        let before = Sample::now();
        let until = Instant::now() + std::time::Duration::from_millis(200);
        let mut sum = 0_u64;
        while Instant::now() < until {
            sum = sum.wrapping_mul(31).wrapping_add(1);
        }
        let usage = before.until(Sample::now());
        assert!(usage.generator_cores > 0.01, "{usage:?} {sum}");
    }
}
