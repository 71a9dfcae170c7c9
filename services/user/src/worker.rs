//! Work that no request asks for.

pub(crate) mod revocations;
pub(crate) mod sweep;
