//! The order service with its real neighbours (product, inventory, payment, the provider) in one process, on real
//! PostgreSQL, and a proxy on each of its edges that loses, refuses or doubles what passes.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod metrics;
mod proxy;
mod recovery;
mod saga;
mod shop;
mod spans;
