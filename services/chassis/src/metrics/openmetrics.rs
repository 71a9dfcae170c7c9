//! The OpenMetrics 1.0 text format, with examples on histogram buckets. The older text format is the `prometheus` crate's.
//!
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>. It differs from format 0.0.4 in
//! that a counter's family is named without `_total`, edges are always written with a decimal point, quotes are escaped
//! in help texts too, and the end is marked.

use std::fmt::Write as _;

use prometheus::proto::{Histogram, LabelPair, Metric, MetricFamily, MetricType, Summary};

use super::exemplar::Exemplar;

/// Writes what was gathered. `exemplars` is asked for each histogram series, by family and labels, and answers with
/// one entry a bucket or with nothing.
pub(super) fn encode<F>(families: &[MetricFamily], exemplars: F) -> String
where
    F: Fn(&str, &[LabelPair]) -> Vec<Option<Exemplar>>,
{
    // A family takes about a kilobyte; growing from nothing would copy a large text a dozen times.
    let mut text = Text(String::with_capacity(1024 * families.len()));
    for family in families {
        text.head(family);
        for metric in family.get_metric() {
            text.metric(family, metric, &exemplars);
        }
    }
    text.0.push_str("# EOF\n");
    text.0
}

struct Text(String);

impl Text {
    fn head(&mut self, family: &MetricFamily) {
        let name = base_name(family);
        let kind = match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::GAUGE => "gauge",
            MetricType::HISTOGRAM => "histogram",
            MetricType::SUMMARY => "summary",
            MetricType::UNTYPED => "unknown",
        };
        let text = &mut self.0;
        text.extend(["# TYPE ", name, " ", kind, "\n"]);
        if let Some(unit) = unit(name) {
            text.extend(["# UNIT ", name, " ", unit, "\n"]);
        }
        text.extend(["# HELP ", name, " "]);
        escape_into(text, family.help());
        text.push('\n');
    }

    fn metric<F>(&mut self, family: &MetricFamily, metric: &Metric, exemplars: &F)
    where
        F: Fn(&str, &[LabelPair]) -> Vec<Option<Exemplar>>,
    {
        let (name, labels) = (base_name(family), metric.get_label());
        match family.get_field_type() {
            MetricType::COUNTER => {
                self.sample(name, "_total", labels, metric.get_counter().get_value());
            }
            MetricType::GAUGE => self.sample(name, "", labels, metric.get_gauge().get_value()),
            // Nothing in the crate makes one, and its own encoder knows none either.
            MetricType::UNTYPED => {}
            MetricType::SUMMARY => self.summary(name, labels, metric.get_summary()),
            MetricType::HISTOGRAM => {
                let examples = exemplars(name, labels);
                self.histogram(name, labels, metric.get_histogram(), &examples);
            }
        }
    }

    fn histogram(
        &mut self,
        name: &str,
        labels: &[LabelPair],
        histogram: &Histogram,
        examples: &[Option<Exemplar>],
    ) {
        let finite = histogram
            .get_bucket()
            .iter()
            .map(|bucket| (canonical(bucket.upper_bound()), bucket.cumulative_count()));
        let all = ("+Inf".to_owned(), histogram.get_sample_count());
        let mut below = 0;
        for (index, (edge, count)) in finite.chain([all]).enumerate() {
            self.start(name, "_bucket", labels, Some(("le", &edge)));
            self.value(count as f64);
            // An example may be newer than the counts: then its bucket can still be empty here.
            if let Some(Some(example)) = examples.get(index)
                && count > below
            {
                self.exemplar(example);
            }
            self.0.push('\n');
            below = count;
        }
        self.sample(name, "_sum", labels, histogram.get_sample_sum());
        self.sample(name, "_count", labels, histogram.get_sample_count() as f64);
    }

    fn summary(&mut self, name: &str, labels: &[LabelPair], summary: &Summary) {
        for quantile in summary.get_quantile() {
            let which = canonical(quantile.quantile());
            self.start(name, "", labels, Some(("quantile", &which)));
            self.value(quantile.value());
            self.0.push('\n');
        }
        self.sample(name, "_sum", labels, summary.sample_sum());
        self.sample(name, "_count", labels, summary.sample_count() as f64);
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: &[LabelPair], value: f64) {
        self.start(name, suffix, labels, None);
        self.value(value);
        self.0.push('\n');
    }

    fn start(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &[LabelPair],
        more: Option<(&str, &str)>,
    ) {
        let text = &mut self.0;
        text.extend([name, suffix]);
        let own = labels.iter().map(|label| (label.name(), label.value()));
        let mut mark = '{';
        for (label, value) in own.chain(more) {
            text.push(mark);
            text.extend([label, "=\""]);
            escape_into(text, value);
            text.push('"');
            mark = ',';
        }
        if mark == ',' {
            text.push('}');
        }
    }

    fn value(&mut self, value: f64) {
        self.0.push(' ');
        self.0.push_str(&number(value));
    }

    fn exemplar(&mut self, example: &Exemplar) {
        let Exemplar {
            trace_id,
            span_id,
            seconds,
            at,
        } = example;
        write!(
            self.0,
            " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {seconds} {at:.3}"
        )
        .expect("writing into memory does not fail");
    }
}

/// The family's name: without `_total` for a counter, whose samples get it back.
fn base_name(family: &MetricFamily) -> &str {
    let name = family.name();
    match family.get_field_type() {
        MetricType::COUNTER => name.strip_suffix("_total").unwrap_or(name),
        _ => name,
    }
}

/// The unit must be the name's last part, or not be told.
fn unit(name: &str) -> Option<&'static str> {
    ["seconds", "bytes"].into_iter().find(|unit| {
        name.strip_suffix(unit)
            .is_some_and(|rest| rest.ends_with('_'))
    })
}

/// As Go writes them, since every parser was tried on that.
fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

/// The form that label values holding numbers must have: `1.0`, never `1`.
fn canonical(edge: f64) -> String {
    if edge.is_finite() && edge.fract() == 0.0 {
        format!("{edge:.1}")
    } else {
        number(edge)
    }
}

fn escape_into(text: &mut String, raw: &str) {
    for character in raw.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            plain => text.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_specification_wants_them() {
        assert_eq!(canonical(1.0), "1.0");
        assert_eq!(canonical(0.1), "0.1");
        assert_eq!(canonical(f64::INFINITY), "+Inf");
        assert_eq!(number(3.0), "3");
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(f64::NEG_INFINITY), "-Inf");
    }

    #[test]
    fn a_unit_is_the_last_part_of_a_name() {
        assert_eq!(unit("a_seconds"), Some("seconds"));
        assert_eq!(unit("a_bytes"), Some("bytes"));
        assert_eq!(unit("milliseconds"), None);
        assert_eq!(unit("a_seconds_max"), None);
    }
}
