//! As much of PromQL as tests of dashboards look at: which series an expression selects, over which time, inside which
//! function. Whether it is PromQL at all is for promtool to say.

/// Series that are selected: `name{matchers}[range]`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The metric; empty when only matchers are given.
    pub metric: String,
    /// What stands between the braces.
    pub matchers: String,
    /// What stands between the brackets.
    pub range: Option<String>,
    /// The function that it is an argument of.
    pub function: String,
}

/// Words before a list of labels.
const BEFORE_LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
/// Words between expressions.
const BETWEEN: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// All selectors of an expression, from left to right.
#[must_use]
pub fn selectors(expression: &str) -> Vec<Selector> {
    let mut reader = Reader {
        rest: expression,
        functions: Vec::new(),
        word: String::new(),
        found: Vec::new(),
    };
    while reader.step() {}
    reader.found
}

struct Reader<'a> {
    rest: &'a str,
    /// The functions around, the innermost last.
    functions: Vec<String>,
    /// The function or aggregation whose parenthesis is still to come.
    word: String,
    found: Vec<Selector>,
}

impl<'a> Reader<'a> {
    /// Reads one thing; false at the end.
    fn step(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        let Some(next) = self.rest.chars().next() else {
            return false;
        };
        match next {
            '(' => self.functions.push(std::mem::take(&mut self.word)),
            ')' => drop(self.functions.pop()),
            '"' => return self.skip_string(),
            '{' => return self.selector(""),
            c if c.is_ascii_digit() => {
                self.take(|c| c.is_ascii_alphanumeric() || c == '.');
                return true;
            }
            c if starts_name(c) => return self.name(),
            _ => {}
        }
        self.rest = &self.rest[next.len_utf8()..];
        true
    }

    fn name(&mut self) -> bool {
        let name = self.take(|c| starts_name(c) || c.is_ascii_digit());
        let after = self.rest.trim_start();
        if BEFORE_LABELS.contains(&name) {
            self.rest = after.split_once(')').map_or("", |(_, rest)| rest);
        } else if after.starts_with('(') || after.starts_with("by") || after.starts_with("without")
        {
            name.clone_into(&mut self.word);
        } else if !BETWEEN.contains(&name) {
            return self.selector(name);
        }
        true
    }

    fn selector(&mut self, metric: &str) -> bool {
        let found = Selector {
            metric: metric.to_owned(),
            matchers: self.enclosed('{', '}').unwrap_or_default(),
            range: self.enclosed('[', ']'),
            function: self.functions.last().cloned().unwrap_or_default(),
        };
        self.found.push(found);
        true
    }

    /// No value of a matcher in a dashboard holds a brace.
    fn enclosed(&mut self, open: char, close: char) -> Option<String> {
        let (inside, rest) = self.rest.strip_prefix(open)?.split_once(close)?;
        self.rest = rest;
        Some(inside.to_owned())
    }

    fn skip_string(&mut self) -> bool {
        let rest = self.rest[1..].split_once('"').map(|(_, rest)| rest);
        self.rest = rest.unwrap_or_default();
        true
    }

    fn take(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_found_with_their_matchers_range_and_function() {
        let expression = r#"(sum by (a, b) (rate(x_total{job="j"}[5m])) > 0)
            or on () label_replace(vector(0), "a", "none", "", "") / 2 * max(slo:y) + {__name__=~"z.+"}"#;
        let found = selectors(expression);
        let names: Vec<&str> = found.iter().map(|it| it.metric.as_str()).collect();
        assert_eq!(names, ["x_total", "slo:y", ""]);
        assert_eq!(found[0].matchers, r#"job="j""#);
        assert_eq!(found[0].range.as_deref(), Some("5m"));
        let functions: Vec<&str> = found.iter().map(|it| it.function.as_str()).collect();
        assert_eq!(functions, ["rate", "max", ""]);
    }
}
