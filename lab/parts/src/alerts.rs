//! A webhook that Alertmanager delivers to: every notification becomes a line of a file that can be read back.
//!
//! [`serve`] understands version 4 of Alertmanager's webhook; [`list`] reads the file, from any process. Routing, grouping
//! and silencing are Alertmanager's; nobody is called from here.

mod server;
mod store;
mod webhook;

pub use server::serve;
pub use store::{Store, list};
pub use webhook::{Notification, Status};
