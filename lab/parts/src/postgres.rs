//! The lab's own PostgreSQL: found on the machine, never the machine's own cluster.
//!
//! [`Cluster::locate`] says where everything is, [`Cluster::initialise`] makes the data folder once,
//! [`Cluster::launch`] is the command line, [`Cluster::ready`] a real query, and [`Admin`] makes one database and
//! one role per service. Settings are on the command line, so that an old data folder gets new settings too.

mod admin;
mod binaries;
mod cluster;
mod initialise;
mod placement;
mod settings;

pub use admin::{AUDITOR, Admin};
pub use binaries::{Installation, MAJOR_MIN, installations};
pub use cluster::{Cluster, SUPERUSER};
pub use placement::{Placement, place, remove};
pub use settings::Settings;
