//! What a probe may find: Chaos Toolkit's rules, in its order. Pure.

use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

/// A tolerance.
#[derive(Debug, Clone, PartialEq)]
pub enum Tolerance {
    /// This value. A whole number is compared with the status of an answer that has one.
    Is(Value),
    /// One of these; for a plain number and two of them, anything between.
    OneOf(Vec<Value>),
    /// Between two numbers, both included.
    Range {
        /// From.
        low: f64,
        /// To.
        high: f64,
        /// In this part of the answer.
        target: Option<String>,
    },
    /// A pattern that is found somewhere.
    Regex {
        /// The pattern.
        pattern: String,
        /// In this part of the answer.
        target: Option<String>,
    },
    /// What a JSONPath leads to.
    Path {
        /// The path.
        path: String,
        /// In this part of the answer, which may be JSON in a text.
        target: Option<String>,
        /// So many places; without it, at least one.
        count: Option<usize>,
        /// These values.
        expect: Option<Value>,
    },
}

impl Tolerance {
    /// Does `found` lie within it?
    ///
    /// # Errors
    /// When pattern or path cannot be read; names were replaced in them meanwhile.
    pub fn holds(&self, found: &Value) -> Result<bool, String> {
        match self {
            Self::Is(expected) => Ok(is(expected, found)),
            Self::OneOf(values) => Ok(one_of(values, found)),
            Self::Range { low, high, target } => {
                let value = part(found, target.as_deref());
                let number = match &value {
                    Value::String(text) => text.trim().parse().ok(),
                    other => other.as_f64(),
                };
                Ok(number.is_some_and(|number: f64| (*low..=*high).contains(&number)))
            }
            Self::Regex { pattern, target } => {
                let pattern = Regex::new(pattern).map_err(|error| error.to_string())?;
                Ok(match part(found, target.as_deref()) {
                    Value::String(text) => pattern.is_match(&text),
                    other => pattern.is_match(&other.to_string()),
                })
            }
            Self::Path {
                path,
                target,
                count,
                expect,
            } => {
                let path = JsonPath::parse(path).map_err(|error| error.to_string())?;
                let value = decoded(part(found, target.as_deref()));
                let places = path.query(&value).all();
                Ok(match (count, expect) {
                    (Some(count), _) if places.len() != *count => false,
                    (_, Some(Value::Array(all))) => places == all.iter().collect::<Vec<_>>(),
                    (_, Some(one)) => {
                        !places.is_empty() && places.iter().all(|place| *place == one)
                    }
                    (Some(_), None) => true,
                    (None, None) => !places.is_empty(),
                })
            }
        }
    }
}

fn is(expected: &Value, found: &Value) -> bool {
    match (expected, found.get("status")) {
        (Value::Number(_), Some(status)) => equal(expected, status),
        _ => equal(expected, found),
    }
}

fn one_of(values: &[Value], found: &Value) -> bool {
    if let Some(status) = found.get("status") {
        return values.iter().any(|value| equal(value, status));
    }
    if let ([low, high], Some(number)) = (values, found.as_f64())
        && let (Some(low), Some(high)) = (low.as_f64(), high.as_f64())
    {
        return (low..=high).contains(&number);
    }
    values.iter().any(|value| equal(value, found))
}

/// 1 and 1.0 are the same number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < f64::EPSILON,
        _ => one == other,
    }
}

fn part(found: &Value, target: Option<&str>) -> Value {
    match target.and_then(|name| found.get(name)) {
        Some(part) => part.clone(),
        None => found.clone(),
    }
}

fn decoded(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn range(low: f64, high: f64, target: Option<&str>) -> Tolerance {
        let target = target.map(str::to_owned);
        Tolerance::Range { low, high, target }
    }

    #[test]
    fn values_are_judged_as_chaos_toolkit_judges_them() {
        let answer = json!({"status": 200, "body": {"items": [{"id": 1}, {"id": 2}]}});
        let path = |path: &str, count, expect| Tolerance::Path {
            path: path.to_owned(),
            target: Some("body".to_owned()),
            count,
            expect,
        };
        let regex = |pattern: &str| Tolerance::Regex {
            pattern: pattern.to_owned(),
            target: Some("stdout".to_owned()),
        };
        let process = json!({"status": 0, "stdout": "42 orders", "stderr": ""});
        for (tolerance, found, holds) in [
            (Tolerance::Is(json!(200)), &answer, true),
            (Tolerance::Is(json!(503)), &answer, false),
            (Tolerance::Is(json!(true)), &json!(true), true),
            (
                Tolerance::OneOf(vec![json!(200), json!(201)]),
                &answer,
                true,
            ),
            // Against a status it is a list, against a number a range.
            (
                Tolerance::OneOf(vec![json!(100), json!(300)]),
                &answer,
                false,
            ),
            (
                Tolerance::OneOf(vec![json!(100), json!(300)]),
                &json!(200),
                true,
            ),
            (
                Tolerance::OneOf(vec![json!("a"), json!("b")]),
                &json!("b"),
                true,
            ),
            (range(0.0, 1.5, None), &json!(1.5), true),
            (range(0.0, 1.5, None), &json!(1.6), false),
            (
                range(0.0, 9.0, Some("stdout")),
                &json!({"stdout": " 7\n"}),
                true,
            ),
            (regex("^[0-9]+ orders"), &process, true),
            (regex("^x"), &process, false),
            (path("$.items[*].id", None, None), &answer, true),
            (path("$.nothing", None, None), &answer, false),
            (path("$.items[*].id", Some(3), None), &answer, false),
            (
                path("$.items[*].id", None, Some(json!([1, 2]))),
                &answer,
                true,
            ),
            (
                path("$.items[*].id", None, Some(json!([1]))),
                &answer,
                false,
            ),
            (path("$.items[0].id", None, Some(json!(1))), &answer, true),
            (
                path("$.a", None, None),
                &json!({"body": "{\"a\": 1}"}),
                true,
            ),
        ] {
            assert_eq!(tolerance.holds(found), Ok(holds), "{tolerance:?} {found}");
        }
    }
}
