//! What a scraper reads: either text format taken apart, so that a test compares values and not spellings.
//!
//! Not a parser for the world: it reads what our services write, and panics on anything else.

use std::collections::{BTreeMap, BTreeSet};

use http::header::ACCEPT;

use crate::{metrics::Exposition, service::Running};

/// One scrape.
#[derive(Debug, Default)]
pub struct Scrape {
    /// Type by family name, as its `# TYPE` line has it.
    pub types: BTreeMap<String, String>,
    /// In the order of the text.
    pub samples: Vec<Sample>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// With its suffix.
    pub name: String,
    /// Values without escapes; `le` as a number's shortest form, which both formats then share.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// Labels and value of the exemplar.
    pub exemplar: Option<(BTreeMap<String, String>, f64)>,
}

impl Scrape {
    /// What the admin port of a service answers in this format.
    pub async fn of(service: &Running, format: Exposition) -> Self {
        Self::parse(&Self::text(service, format).await)
    }

    /// The same, as it is.
    pub async fn text(service: &Running, format: Exposition) -> String {
        let accept = match format {
            Exposition::Text => "text/plain",
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0",
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "a scraper is not a service and has no edge"
        )]
        let request = reqwest::Client::new().get(format!("{}/metrics", service.admin_url()));
        let response = request.header(ACCEPT, accept).send().await;
        let response = response.expect("the admin port answers");
        assert_eq!(response.headers()["content-type"], format.content_type());
        response.text().await.expect("metrics are text")
    }

    /// Takes a text apart.
    pub fn parse(text: &str) -> Self {
        let mut scrape = Self::default();
        for line in text.lines() {
            match line.strip_prefix("# ") {
                Some(comment) => scrape.comment(comment),
                None => scrape.samples.push(Sample::parse(line)),
            }
        }
        scrape
    }

    fn comment(&mut self, comment: &str) {
        if let Some((name, kind)) = comment
            .strip_prefix("TYPE ")
            .and_then(|rest| rest.split_once(' '))
        {
            let known = self.types.insert(name.to_owned(), kind.to_owned());
            assert_eq!(known, None, "{name} stands twice");
        }
    }

    /// The value of the only sample with this name and these labels among its own; 0 if there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found: Vec<_> = self.matching(name, labels).collect();
        assert!(found.len() < 2, "{name}{labels:?} is ambiguous: {found:#?}");
        found.first().map_or(0.0, |sample| sample.value)
    }

    /// The sum over the samples with this name and these labels among their own.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let found = self.matching(name, labels);
        found.map(|sample| sample.value).sum()
    }

    fn matching(&self, name: &str, labels: &[(&str, &str)]) -> impl Iterator<Item = &Sample> {
        let has = |sample: &Sample, (label, value): &(&str, &str)| {
            sample
                .labels
                .get(*label)
                .is_some_and(|found| found == value)
        };
        self.samples.iter().filter(move |sample| {
            sample.name == name && labels.iter().all(|label| has(sample, label))
        })
    }

    /// Every value that a label has in this metric.
    pub fn label_values(&self, name: &str, label: &str) -> BTreeSet<&str> {
        let of_metric = self.samples.iter().filter(|sample| sample.name == name);
        of_metric
            .filter_map(|sample| sample.labels.get(label))
            .map(String::as_str)
            .collect()
    }

    /// Fails unless each of these metrics has at least one series with exactly these labels (`service` is a matter of
    /// course, `le` of histograms too). `name{label,label}` as contracts write it.
    #[track_caller]
    pub fn assert_has(&self, contract: &[&str]) {
        let missing: Vec<_> = contract.iter().filter(|entry| !self.has(entry)).collect();
        let names: BTreeSet<_> = self.samples.iter().map(|sample| &sample.name).collect();
        assert!(missing.is_empty(), "missing {missing:#?} among {names:#?}");
    }

    fn has(&self, entry: &str) -> bool {
        let (name, labels) = entry.split_once('{').unwrap_or((entry, "}"));
        let wanted: BTreeSet<_> = labels
            .trim_end_matches('}')
            .split(',')
            .filter(|label| !label.is_empty())
            .chain(["service"])
            .collect();
        let is_family = |found: &str| {
            found.strip_prefix(name).is_some_and(|suffix| {
                matches!(suffix, "" | "_total" | "_bucket" | "_sum" | "_count")
            })
        };
        self.samples.iter().any(|sample| {
            let labels = sample.labels.keys().map(String::as_str);
            is_family(&sample.name)
                && labels
                    .filter(|label| *label != "le")
                    .collect::<BTreeSet<_>>()
                    == wanted
        })
    }
}

impl Sample {
    fn parse(line: &str) -> Self {
        let end_of_name = line
            .find(['{', ' '])
            .unwrap_or_else(|| panic!("no sample: {line:?}"));
        let (name, rest) = line.split_at(end_of_name);
        let (mut labels, rest) = parse_labels(rest);
        if let Some(edge) = labels.get_mut("le") {
            *edge = number(edge).to_string();
        }
        let (value, exemplar) = match rest.split_once(" # ") {
            Some((value, exemplar)) => (value, Some(parse_exemplar(exemplar))),
            None => (rest, None),
        };
        Self {
            name: name.to_owned(),
            labels,
            value: number(value.trim()),
            exemplar,
        }
    }
}

fn parse_exemplar(text: &str) -> (BTreeMap<String, String>, f64) {
    let (labels, rest) = parse_labels(text);
    let (value, at) = rest.trim().split_once(' ').expect("a value and a time");
    assert!(number(at) > 1e9, "seconds since 1970: {at}");
    (labels, number(value))
}

/// `{a="b"}` at the beginning, if it is there, and what comes after.
fn parse_labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let Some(mut rest) = text.strip_prefix('{') else {
        return (labels, text);
    };
    loop {
        let (name, after) = rest.split_once("=\"").expect("a label has a value");
        let (value, after) = parse_quoted(after);
        assert_eq!(labels.insert(name.to_owned(), value), None, "{name} twice");
        if let Some(end) = after.strip_prefix('}') {
            return (labels, end);
        }
        rest = after.strip_prefix(',').expect("labels are comma-separated");
    }
}

fn parse_quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('\\' | '"'))) => escaped,
                other => panic!("no escape: {other:?}"),
            }),
            plain => value.push(plain),
        }
    }
    panic!("no end of {text:?}")
}

fn number(text: &str) -> f64 {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}
