//! The files of `loadtest/profiles/`, for programs that run where the repository is not.

/// Name and text, in the order in which one would try them.
pub const SHIPPED: [(&str, &str); 7] = [
    ("smoke", include_str!("../../profiles/smoke.yaml")),
    ("steady", include_str!("../../profiles/steady.yaml")),
    ("rush", include_str!("../../profiles/rush.yaml")),
    ("spike", include_str!("../../profiles/spike.yaml")),
    ("stress", include_str!("../../profiles/stress.yaml")),
    ("soak", include_str!("../../profiles/soak.yaml")),
    ("demo", include_str!("../../profiles/demo.yaml")),
];
