//! Notifications: events in, mails out.
//!
//! From an event to its mail: `worker` (consumer) → `domain` (which mail is it, and what does it say) → `mail` (SMTP).
//! What was sent, to whom, and what a customer wants is in Redis (`store`). There is no database.
//!
//! A mail is sent at least once, and almost always exactly once: an event is claimed in Redis, sent, and marked as sent.
//! A crash between sending and marking sends it again after the claim has expired, with the same `Message-ID`, which mail
//! servers and readers drop as a duplicate. SMTP itself promises no more.

pub mod app;
mod config;
mod domain;
mod http;
mod mail;
mod metrics;
mod store;
mod worker;
