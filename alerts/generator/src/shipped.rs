//! The files of `alerts/`, as they are in the repository: for programs that run where the repository is not.

/// The objectives.
pub const OBJECTIVES: &str = include_str!("../../slo.yaml");
/// Rules made from them, with the lab's short windows.
pub const RULES_LAB: &str = include_str!("../../rules/slo-lab.yml");
/// The alerts that are written by hand.
pub const RULES_SHOP: &str = include_str!("../../rules/shop.yml");
/// Where alerts are sent.
pub const ALERTMANAGER: &str = include_str!("../../alertmanager.yml");
