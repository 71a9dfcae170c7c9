//! The dashboards as they are in the repository: for a lab that runs where the repository is not.

/// File names and texts.
pub const FILES: [(&str, &str); 9] = [
    ("chaos.json", include_str!("../../grafana/chaos.json")),
    ("events.json", include_str!("../../grafana/events.json")),
    ("orders.json", include_str!("../../grafana/orders.json")),
    ("postgres.json", include_str!("../../grafana/postgres.json")),
    (
        "resilience.json",
        include_str!("../../grafana/resilience.json"),
    ),
    ("service.json", include_str!("../../grafana/service.json")),
    ("shop.json", include_str!("../../grafana/shop.json")),
    ("slo.json", include_str!("../../grafana/slo.json")),
    (
        "telemetry.json",
        include_str!("../../grafana/telemetry.json"),
    ),
];
