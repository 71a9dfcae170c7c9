//! The files of `alerts/` and the runbooks, held against each other and against Prometheus' own tools, which
//! `faultline setup --for test` installs.

mod checked_in;
mod coverage;
mod runbooks;
mod support;
mod tools;
