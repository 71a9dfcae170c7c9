//! Free-form attributes: a JSON object that stands in for a document store, within limits.

use serde_json::{Map, Value};

/// Free-form attributes of a product.
pub type Attributes = Map<String, Value>;

/// Deepest nesting, the object itself included: enough for "dimensions" and "variants".
pub const DEPTH_MAX: usize = 5;

/// Largest size as JSON. A page of 100 products stays below a megabyte.
pub const BYTES_MAX: usize = 8 * 1024;

/// What is wrong with attributes, if anything is.
pub fn flaw(attributes: &Attributes) -> Option<&'static str> {
    if !attributes
        .iter()
        .all(|(name, value)| is_plain(name) && fits(value, DEPTH_MAX - 1))
    {
        return Some("must be at most 5 levels deep and hold no control characters");
    }
    let bytes = serde_json::to_vec(attributes).map_or(usize::MAX, |json| json.len());
    (bytes > BYTES_MAX).then_some("must be at most 8192 bytes of JSON")
}

/// Whether a value nests at most so many levels, and all its texts are plain.
fn fits(value: &Value, levels: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => is_plain(text),
        Value::Array(items) => levels > 0 && items.iter().all(|item| fits(item, levels - 1)),
        Value::Object(members) => {
            levels > 0
                && members
                    .iter()
                    .all(|(name, member)| is_plain(name) && fits(member, levels - 1))
        }
    }
}

/// PostgreSQL refuses NUL; other control characters have no business in a catalogue. Line breaks and tabs do.
pub(super) fn is_plain(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Attributes {
        value.as_object().expect("the tests write objects").clone()
    }

    #[test]
    fn ordinary_attributes_are_fine() {
        let attributes = json!({
            "colour": "grün", "weight_g": 1200, "care": "wash\ncold", "tags": ["a", null, true],
            "dimensions": { "cm": { "w": 1.5, "h": 2 } },
        });
        assert_eq!(flaw(&object(attributes)), None);
        assert_eq!(flaw(&Attributes::new()), None);
    }

    #[test]
    fn control_characters_are_found_wherever_they_hide() {
        for hidden in [
            json!({ "a": "x\u{0}" }),
            json!({ "a\u{0}": 1 }),
            json!({ "a": [{ "b\u{1b}": 1 }] }),
            json!({ "a": { "b": ["\u{7f}"] } }),
        ] {
            assert!(flaw(&object(hidden.clone())).is_some(), "{hidden}");
        }
    }

    #[test]
    fn attributes_that_are_too_large_are_refused() {
        let text = |bytes: usize| object(json!({ "a": "x".repeat(bytes) }));
        let frame = r#"{"a":""}"#.len();
        assert_eq!(flaw(&text(BYTES_MAX - frame)), None);
        assert!(flaw(&text(BYTES_MAX - frame + 1)).is_some());
    }

    proptest! {
        #[test]
        fn attributes_may_nest_to_the_limit_and_no_deeper(depth in 1_usize..12, arrays: bool) {
            let wrap = |inner, _| if arrays { json!([inner]) } else { json!({ "in": inner }) };
            let value = json!({ "a": (1..depth).fold(json!(1), wrap) });
            prop_assert_eq!(flaw(&object(value)).is_none(), depth <= DEPTH_MAX);
        }
    }
}
