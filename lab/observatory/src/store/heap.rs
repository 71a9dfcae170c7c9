//! What things cost in memory: the bound of the store is in bytes that the process really takes, so
//! a block is counted as the allocator hands it out, not as it was asked for.

/// Bytes that a value owns on the heap, itself not included.
pub(super) trait Heap {
    /// In bytes, allocator overhead included.
    fn heap(&self) -> usize;
}

/// What a request for `bytes` takes: eight bytes of header, blocks of 16, at least 32 (glibc; other
/// allocators differ by little).
pub(super) fn block(bytes: usize) -> usize {
    if bytes == 0 {
        0
    } else {
        (bytes + 8).next_multiple_of(16).max(32)
    }
}

/// A block with room for `capacity` values.
pub(super) fn array<T>(capacity: usize) -> usize {
    block(capacity * size_of::<T>())
}

impl<T: Heap> Heap for Box<[T]> {
    fn heap(&self) -> usize {
        array::<T>(self.len()) + self.iter().map(Heap::heap).sum::<usize>()
    }
}

impl Heap for Box<str> {
    fn heap(&self) -> usize {
        block(self.len())
    }
}
