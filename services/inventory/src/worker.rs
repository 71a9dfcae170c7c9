//! Work that no request asks for: consumers of other services' events, and the sweep that expires reservations.

pub mod expiry;
pub mod orders;
pub mod products;
