//! What makes two requests the same, and which keys are taken.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Longest key. Long enough for any client's scheme, short enough for an index.
pub const KEY_BYTES_MAX: usize = 255;

/// SHA-256 over method, path and body.
pub type RequestHash = [u8; 32];

/// A key that was refused.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("an idempotency key is 1 to {KEY_BYTES_MAX} visible ASCII characters")]
pub struct KeyInvalid;

/// Checks the syntax of a key.
///
/// # Errors
/// Empty, too long, or with blanks, control or non-ASCII characters.
pub fn validate_key(key: &str) -> Result<(), KeyInvalid> {
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=KEY_BYTES_MAX).contains(&key.len()) {
        Ok(())
    } else {
        Err(KeyInvalid)
    }
}

/// Hash that tells whether two requests are the same. JSON counts by its meaning: white space and the order of members
/// do not matter. Any other body counts by its bytes.
pub fn hash(method: &str, path: &str, body: &[u8]) -> RequestHash {
    let mut hasher = Sha256::new();
    for part in [method, path] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    match serde_json::from_slice(body) {
        Ok(value) => hasher.update(canonical(&value)),
        Err(_) => hasher.update(body),
    }
    hasher.finalize().into()
}

/// JSON with sorted members, whatever map `serde_json` was compiled with.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            let members: Vec<_> = members
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_member_order_do_not_change_the_hash() {
        let one = hash("POST", "/orders", br#"{"a":1,"b":[{"c":2,"d":3}]}"#);
        let two = hash(
            "POST",
            "/orders",
            b"{ \"b\": [ {\"d\":3, \"c\":2} ],\n \"a\": 1 }",
        );
        assert_eq!(one, two);
    }

    #[test]
    fn method_path_and_values_change_the_hash() {
        let base = hash("POST", "/orders", br#"{"a":1}"#);
        assert_ne!(base, hash("PUT", "/orders", br#"{"a":1}"#));
        assert_ne!(base, hash("POST", "/orders/1", br#"{"a":1}"#));
        assert_ne!(base, hash("POST", "/orders", br#"{"a":"1"}"#));
        assert_ne!(hash("POST", "/a", b"x"), hash("POST", "/ax", b""));
    }

    #[test]
    fn the_order_of_array_items_matters() {
        assert_ne!(hash("POST", "/", b"[1,2]"), hash("POST", "/", b"[2,1]"));
    }

    #[test]
    fn keys_are_short_and_visible() {
        assert_eq!(validate_key("5f0c-42"), Ok(()));
        assert_eq!(validate_key(&"k".repeat(255)), Ok(()));
        for bad in ["", "a b", "tab\t", "schlüssel", &"k".repeat(256)] {
            assert_eq!(validate_key(bad), Err(KeyInvalid), "{bad:?}");
        }
    }
}
