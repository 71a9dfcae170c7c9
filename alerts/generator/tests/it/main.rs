//! The files of `alerts/` and the runbooks, held against each other and against Prometheus' own tools.

fn main() {}
