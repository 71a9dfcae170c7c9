//! Notifications: events in, mails out.
//!
//! From an event to its mail: `worker` (consumer) → `domain` (which mail is it, and what does it say) → `mail` (SMTP).
//! What was sent, to whom, and what a customer wants is in Redis (`store`). There is no database.
//!
//! A mail is sent at least once, and almost always exactly once. An event is claimed in Redis, mailed, and marked as
//! mailed:
//!
//! - Killed after the claim: nobody was mailed. The claim runs out after 8 s, and the event, which comes again, is mailed.
//! - Killed, or without Redis, after the mail and before the mark: the event is mailed again when the claim has run out,
//!   with the same `Message-ID`, by which mail servers and readers know a second copy. SMTP itself promises no more: a
//!   server may have taken a mail whose answer was lost.
//! - Killed after the mark, before the offset: the event comes again and is known.
//! - Redis, the mail server or the user service away: events wait. Nothing is dropped or dead-lettered for it.
//! - A mail that the server refuses for good (5xx), or keeps putting off (4xx), becomes a dead letter and can be redriven.

pub mod app;
mod config;
mod domain;
mod http;
mod mail;
mod metrics;
mod store;
mod worker;

pub use self::{
    domain::{EVENT_TYPES, News},
    http::document,
    worker::GROUP,
};
