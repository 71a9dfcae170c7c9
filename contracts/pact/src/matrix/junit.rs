//! The matrix as JUnit XML, which every CI shows: a suite for each pact, a case for each exchange.

use std::fmt::Write as _;

use super::{Matrix, Row};

impl Matrix {
    /// The whole document.
    #[must_use]
    pub fn junit(&self) -> String {
        let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
        for row in &self.rows {
            suite(&mut xml, row);
        }
        xml.push_str("</testsuites>\n");
        xml
    }
}

fn suite(xml: &mut String, row: &Row) {
    let name = format!(
        "{} for {} ({})",
        row.provider,
        row.consumer,
        row.edition.in_words()
    );
    let failures = row.outcomes.iter().filter(|one| !one.is_good()).count();
    let tests = row.outcomes.len();
    let name = escaped(&name);
    // Writing to a text does not fail.
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">"
    );
    for outcome in &row.outcomes {
        let (case, test) = (escaped(&outcome.description), escaped(&outcome.test));
        let seconds = outcome.milliseconds as f64 / 1000.0;
        let _ = write!(
            xml,
            "    <testcase name=\"{case}\" classname=\"{name}\" time=\"{seconds:.3}\""
        );
        if outcome.is_good() {
            xml.push_str("/>\n");
            continue;
        }
        let what = escaped(&outcome.differences.join("\n"));
        let _ = writeln!(
            xml,
            ">\n      <failure message=\"{test}\">{what}</failure>\n    </testcase>"
        );
    }
    xml.push_str("  </testsuite>\n");
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML 1.0 has no way to write the others.
            c if c.is_control() && !matches!(c, '\n' | '\t') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pact::Edition, verify::Outcome};

    #[test]
    fn a_failure_names_the_test_and_the_difference() {
        let outcome = |differences: &[&str]| Outcome {
            description: "a \"basket\"".to_owned(),
            test: "order.rs:7".to_owned(),
            differences: differences.iter().map(|&text| text.to_owned()).collect(),
            milliseconds: 12,
        };
        let row = Row {
            provider: "product".to_owned(),
            consumer: "order".to_owned(),
            edition: Edition::Now,
            digest: String::new(),
            outcomes: vec![outcome(&[]), outcome(&["expected <1> & got 2"])],
        };
        let xml = Matrix { rows: vec![row] }.junit();
        assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
        assert!(xml.contains("name=\"a &quot;basket&quot;\""), "{xml}");
        assert!(
            xml.contains(
                "<failure message=\"order.rs:7\">expected &lt;1&gt; &amp; got 2</failure>"
            ),
            "{xml}"
        );
    }
}
