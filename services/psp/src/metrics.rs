//! The names of what the provider counts. It keeps to the chassis's ways, though the shop never looks at them.

use chassis::metrics::Spec;

/// Effect: what the command did to the ledger.
pub(crate) const COMMANDS: Spec = Spec::new(
    "psp_commands_total",
    "Commands carried out, by what they did.",
    &["provider", "effect"],
);
pub(crate) const DELIVERIES: Spec = Spec::new(
    "psp_webhook_deliveries_total",
    "Attempts to deliver, by outcome.",
    &["outcome"],
);
