//! Notification on real parts: Redis, the broker, the lab's mail sink, and the real binary where it has to die. Other
//! services are played by what they put into Kafka, and by a small server that knows a few users.

#![expect(
    clippy::disallowed_methods,
    reason = "a test speaks to its service over plain HTTP"
)]
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod addresses;
mod api;
mod crashes;
mod mails;
mod metrics;
mod outage;
mod poison;
mod secrets;
mod sink;
mod support;
mod users;
