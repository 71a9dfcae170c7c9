//! Each different value once, counted by its holders: strings, resources, scopes. Telemetry says
//! the same few hundred things over and over.
//!
//! Explicit counts instead of `Arc`: an id is four bytes instead of sixteen, and the store knows
//! at any moment what a value costs.

use std::borrow::Borrow;
use std::hash::{BuildHasher as _, Hash, RandomState};

use hashbrown::HashTable;

use super::heap::{self, Heap};

/// A value of a [`Pool`]. Only the pool that gave it out knows what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id(u32);

/// The values.
pub(super) struct Pool<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    by_value: HashTable<u32>,
    hasher: RandomState,
    heap: usize,
}

struct Slot<T> {
    /// None when the slot is free.
    value: Option<T>,
    holders: u32,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_value: HashTable::new(),
            hasher: RandomState::new(),
            heap: 0,
        }
    }
}

impl<T: Eq + Hash + Heap> Pool<T> {
    /// The id of `value`, with one holder more; it is made if nobody holds it yet.
    pub(super) fn hold<Q>(&mut self, value: &Q) -> Id
    where
        T: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Eq + Hash + ?Sized,
    {
        match self.find(value) {
            Some(id) => self.hold_again(id),
            None => self.add(T::from(value)),
        }
    }

    /// The same for a value that is at hand; gives it back if it was not needed.
    pub(super) fn hold_owned(&mut self, value: T) -> (Id, Option<T>) {
        match self.find(&value) {
            Some(id) => (self.hold_again(id), Some(value)),
            None => (self.add(value), None),
        }
    }

    /// One holder more.
    pub(super) fn hold_again(&mut self, id: Id) -> Id {
        self.slots[id.0 as usize].holders += 1;
        id
    }

    /// One holder less; the value, if that was the last one.
    pub(super) fn release(&mut self, id: Id) -> Option<T> {
        let slot = &mut self.slots[id.0 as usize];
        slot.holders -= 1;
        if slot.holders > 0 {
            return None;
        }
        let value = slot.value.take().expect("an id that is held has a value");
        let hash = self.hasher.hash_one(&value);
        if let Ok(entry) = self.by_value.find_entry(hash, |slot| *slot == id.0) {
            entry.remove();
        }
        self.free.push(id.0);
        self.heap -= value.heap();
        Some(value)
    }

    /// The id of `value` if somebody holds it.
    pub(super) fn find<Q>(&self, value: &Q) -> Option<Id>
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let hash = self.hasher.hash_one(value);
        let same = |slot: &u32| self.get(Id(*slot)).borrow() == value;
        self.by_value.find(hash, same).copied().map(Id)
    }

    /// The value of an id that is held.
    pub(super) fn get(&self, id: Id) -> &T {
        let value = &self.slots[id.0 as usize].value;
        value.as_ref().expect("an id that is held has a value")
    }

    /// How many different values are held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_value.len()
    }

    /// What all of it takes.
    pub(super) fn bytes(&self) -> usize {
        self.heap
            + heap::array::<Slot<T>>(self.slots.capacity())
            + heap::array::<u32>(self.free.capacity())
            + self.by_value.allocation_size()
    }

    fn add(&mut self, value: T) -> Id {
        self.heap += value.heap();
        let hash = self.hasher.hash_one(&value);
        let slot = Slot {
            value: Some(value),
            holders: 1,
        };
        let id = if let Some(id) = self.free.pop() {
            self.slots[id as usize] = slot;
            id
        } else {
            self.slots.push(slot);
            u32::try_from(self.slots.len() - 1).expect("the memory bound allows fewer values")
        };
        let Self {
            slots,
            by_value,
            hasher,
            ..
        } = self;
        by_value.insert_unique(hash, id, |slot| {
            let value = slots[*slot as usize].value.as_ref();
            hasher.hash_one(value.expect("only values that are held are in the table"))
        });
        Id(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_once_and_until_its_last_holder_lets_go() {
        let mut pool = Pool::<Box<str>>::default();
        let (first, second) = (pool.hold("GET"), pool.hold("GET"));
        assert_eq!((first, pool.len()), (second, 1));
        assert_eq!(pool.release(first), None);
        assert_eq!(&**pool.get(second), "GET");
        assert_eq!(pool.release(second).as_deref(), Some("GET"));
        assert_eq!(pool.find("GET"), None);
    }

    #[test]
    fn values_stay_findable_while_the_table_grows_and_slots_are_used_again() {
        let mut pool = Pool::<Box<str>>::default();
        let ids: Vec<Id> = (0..1000).map(|n| pool.hold(&*n.to_string())).collect();
        for id in &ids[..500] {
            pool.release(*id);
        }
        let size = pool.slots.len();
        for n in 2000..2500 {
            pool.hold(&*n.to_string());
        }
        assert_eq!(pool.slots.len(), size, "free slots were not used again");
        for n in (500..1000).chain(2000..2500) {
            let id = pool.find(&*n.to_string()).expect("held");
            assert_eq!(**pool.get(id), *n.to_string());
        }
        assert_eq!(pool.find("7"), None);
    }

    #[test]
    fn what_is_released_is_not_counted_any_longer() {
        let mut pool = Pool::<Box<str>>::default();
        let id = pool.hold("a string of some length, to be seen in the sum");
        let with = pool.bytes();
        pool.release(id);
        assert!(pool.bytes() < with);
        assert_eq!(pool.heap, 0);
    }
}
