//! SQL of the order service: plain functions on a connection. The caller owns the transaction.

pub(crate) mod orders;
pub(crate) mod read_model;
pub(crate) mod sagas;
pub(crate) mod stream;
