//! What consumers rely on: their own clients speak to pact's mock provider, and what they asked for and could read is the
//! pact. The pacts are checked in; `CONTRACTS_WRITE=1` writes them. Beside them: events against their schemas.
#![expect(
    clippy::unwrap_used,
    reason = "in a test, panicking is the way to fail"
)]

mod events;
mod gateway;
mod inventory;
mod loadtest;
mod notification;
mod order;
mod payment;
mod recording;
mod words;
