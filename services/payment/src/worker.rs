//! Work that no request waits for.

pub(crate) mod reconciler;
pub(crate) mod reseal;
