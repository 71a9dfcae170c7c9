//! Customers for the shop: they register, log in, browse, order, pay and sometimes cancel, through the gateway alone.
//!
//! Orders arrive at a fixed rate, whatever the shop does, and their latency counts from the moment at which they were
//! *meant* to start: a shop that falls behind cannot slow its own measurement down. A wrong answer is an error, even
//! with status 200. [`traffic`] is the schedule, [`shopper`] one customer, [`report`] the figures.

pub mod report;
pub mod shopper;
pub mod traffic;

pub use self::{
    report::{EndpointStats, Report},
    traffic::{Plan, run},
};
