//! Background work: sagas that a crash or a slow neighbour left, and events of payments.

pub mod payments;
pub(crate) mod recovery;
