//! The ids of the traces that went last. A span that comes after its trace has gone is refused:
//! stored, it would pass for a whole trace that began in the middle.

use std::collections::VecDeque;
use std::hash::RandomState;

use hashbrown::HashSet;

use super::heap;
use super::ids::TraceId;

/// Less than a megabyte. At a thousand traces a second this is the last sixteen seconds; exporters
/// hold a span back for five.
const REMEMBERED_MAX: usize = 16_384;

#[derive(Default)]
pub(super) struct Evicted {
    oldest_first: VecDeque<TraceId>,
    ids: HashSet<TraceId, RandomState>,
}

impl Evicted {
    pub(super) fn contains(&self, id: TraceId) -> bool {
        self.ids.contains(&id)
    }

    pub(super) fn remember(&mut self, id: TraceId) {
        if self.oldest_first.len() == REMEMBERED_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
        if self.ids.insert(id) {
            self.oldest_first.push_back(id);
        }
    }

    pub(super) fn bytes(&self) -> usize {
        heap::array::<TraceId>(self.oldest_first.capacity()) + self.ids.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered_and_no_more() {
        let id = |n: usize| TraceId::from_bytes(&(n as u128 + 1).to_be_bytes()).expect("not zero");
        let mut evicted = Evicted::default();
        for n in 0..REMEMBERED_MAX + 10 {
            evicted.remember(id(n));
        }
        assert!(!evicted.contains(id(9)));
        assert!(evicted.contains(id(10)) && evicted.contains(id(REMEMBERED_MAX + 9)));
        assert!(evicted.bytes() < 1 << 20, "{} bytes", evicted.bytes());
    }
}
