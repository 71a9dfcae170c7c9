//! `${name}` in texts. A text that is nothing but one name keeps the value's own type; unknown names stay as they are.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values by name.
pub type Values = BTreeMap<String, Value>;

/// A value with all names in it replaced.
#[must_use]
pub fn value(given: &Value, values: &Values) -> Value {
    match given {
        Value::String(written) => text_or_value(written, values),
        Value::Array(items) => items.iter().map(|item| value(item, values)).collect(),
        Value::Object(entries) => {
            let pair = |(key, item): (&String, &Value)| (text(key, values), value(item, values));
            Value::Object(entries.iter().map(pair).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// A text with all names in it replaced.
#[must_use]
pub fn text(given: &str, values: &Values) -> String {
    let mut out = String::with_capacity(given.len());
    let mut rest = given;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let Some(end) = from.find('}') else {
            rest = from;
            break;
        };
        match values.get(&from[2..end]) {
            Some(Value::String(value)) => out.push_str(value),
            Some(value) => out.push_str(&value.to_string()),
            None => out.push_str(&from[..=end]),
        }
        rest = &from[end + 1..];
    }
    out.push_str(rest);
    out
}

fn text_or_value(given: &str, values: &Values) -> Value {
    let only = given
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    match only.and_then(|name| values.get(name)) {
        Some(value) => value.clone(),
        None => text(given, values).into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn one_name_keeps_its_type_and_several_make_a_text() {
        let values = Values::from([
            ("n".to_owned(), json!(5)),
            ("host".to_owned(), json!("here")),
        ]);
        let given = json!({"${host}": ["${n}", "${host}:${n}", "${unknown}", "${n", "$n"]});
        let expected = json!({"here": [5, "here:5", "${unknown}", "${n", "$n"]});
        assert_eq!(value(&given, &values), expected);
    }

    proptest! {
        #[test]
        fn a_text_without_names_stays_as_it_is(given in "[^$]*") {
            prop_assert_eq!(text(&given, &Values::new()), given);
        }

        #[test]
        fn nothing_makes_it_fall_over(given in ".*", name in "[a-z]*", put in ".*") {
            let values = Values::from([(name, json!(put))]);
            let _ = text(&given, &values);
        }
    }
}
