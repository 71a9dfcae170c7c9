//! Grafana dashboards from short descriptions.
//!
//! What differs between panels is a title, a question in PromQL, a unit and a limit; the other hundred lines of a panel's
//! JSON are the same each time. A [`Dashboard`] says what differs, [`Dashboard::to_json`] adds the rest: variables, fault
//! annotations, links, exemplars, one grid. So that every dashboard of the project looks and behaves alike.
//!
//! Pure: values in, text out. `faultline dashboards generate` and `faultline slo generate` read and write the files.
//!
//! The JSON is Grafana's classic model, which version 11 and later load from files.

mod frame;
mod grid;
mod panel;
pub mod promql;
pub mod shipped;
mod source;

pub use source::{Dashboard, Invalid, Limit, Named, Panel, Query, Row, Show, Unit};

/// The tag that all dashboards have; the links at the top of each are made of it.
pub const TAG: &str = "faultline";

/// Matchers for the job and instance that the reader has chosen: what `@` stands for in a query.
pub const CHOSEN: &str = r#"job=~"$job",instance=~"$instance""#;
