//! Stripe's ids: a prefix that names the kind, and 32 hex digits of a UUIDv7.

use uuid::Uuid;

pub(super) const CHARGE: &str = "ch";
pub(super) const EVENT: &str = "evt";
pub(super) const INTENT: &str = "pi";
pub(super) const REFUND: &str = "re";

pub(super) fn write(prefix: &str, id: Uuid) -> String {
    format!("{prefix}_{}", id.simple())
}

/// `None` names nothing that exists.
pub(super) fn read(prefix: &str, text: &str) -> Option<Uuid> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?;
    if digits.len() == 32 {
        Uuid::try_parse(digits).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_only_with_its_own_prefix() {
        let id = Uuid::now_v7();
        let text = write(INTENT, id);
        assert_eq!(read(INTENT, &text), Some(id));
        assert_eq!(read(REFUND, &text), None);
        for bad in ["pi_", "pi_1", "", "pi", &format!("pi_{id}"), "pi_ä"] {
            assert_eq!(read(INTENT, bad), None, "{bad}");
        }
    }
}
