//! The same bucket in this process, for when Redis is away. Limits are then per gateway.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{Bucket, Decision};

/// Clients remembered at once; an attacker with many addresses must not fill our memory. When full, all start afresh.
const CLIENTS_MAX: usize = 10_000;

/// Buckets by client.
#[derive(Clone, Default)]
pub(super) struct LocalBuckets(Arc<Mutex<HashMap<String, (f64, Instant)>>>);

impl LocalBuckets {
    pub(super) fn take(&self, bucket: &Bucket) -> Decision {
        self.take_at(bucket, Instant::now())
    }

    fn take_at(&self, bucket: &Bucket, now: Instant) -> Decision {
        let mut buckets = self.0.lock().expect("no panic while held");
        if buckets.len() >= CLIENTS_MAX && !buckets.contains_key(&bucket.key) {
            buckets.clear();
        }
        let size = f64::from(bucket.per_minute.get());
        let per_second = size / 60.0;
        let (tokens, at) = buckets.entry(bucket.key.clone()).or_insert((size, now));
        *tokens = (*tokens + now.duration_since(*at).as_secs_f64() * per_second).min(size);
        *at = now;
        let allowed = *tokens >= 1.0;
        let missing = if allowed {
            *tokens -= 1.0;
            size - *tokens
        } else {
            1.0 - *tokens
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between zero and a u32"
        )]
        let remaining = *tokens as u32;
        let reset = Duration::from_secs_f64(missing / per_second);
        Decision {
            allowed,
            limit: bucket.per_minute.get(),
            remaining,
            reset,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn sixty() -> NonZeroU32 {
        NonZeroU32::new(60).unwrap()
    }

    #[test]
    fn a_bucket_empties_and_refills() {
        let buckets = LocalBuckets::default();
        let bucket = Bucket::new("anonymous", "1.2.3.4", sixty());
        let start = Instant::now();
        let taken = (0..61)
            .filter(|_| buckets.take_at(&bucket, start).allowed)
            .count();
        assert_eq!(taken, 60);
        assert!(
            !buckets
                .take_at(&bucket, start + Duration::from_millis(500))
                .allowed
        );
        assert!(
            buckets
                .take_at(&bucket, start + Duration::from_millis(1_500))
                .allowed
        );
    }

    #[test]
    fn memory_is_bounded() {
        let buckets = LocalBuckets::default();
        for client in 0..=CLIENTS_MAX {
            buckets.take(&Bucket::new("anonymous", client, sixty()));
        }
        assert!(buckets.0.lock().unwrap().len() <= CLIENTS_MAX);
    }
}
