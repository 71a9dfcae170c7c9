//! Which of the two text formats a scraper gets: what its `Accept` header prefers.

use http::{HeaderMap, header::ACCEPT};

/// A text format of Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus text 0.0.4: what a person with curl gets.
    Text,
    /// OpenMetrics 1.0, with exemplars: what Prometheus asks for.
    OpenMetrics,
}

impl Exposition {
    /// OpenMetrics for those who name it and do not prefer plain text; plain text for everybody else.
    pub fn negotiate(headers: &HeaderMap) -> Self {
        let (mut open, mut text) = (0.0_f32, 0.0_f32);
        let values = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        for range in values.flat_map(|value| value.split(',')) {
            let (media, quality) = parse(range);
            match media {
                Some(Self::OpenMetrics) => open = open.max(quality),
                Some(Self::Text) => text = text.max(quality),
                None => {}
            }
        }
        if open > 0.0 && open >= text {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    /// Value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// One media range with its quality, if it is of a format and a version that we write.
fn parse(range: &str) -> (Option<Exposition>, f32) {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let parameters: Vec<_> = parts.filter_map(|part| part.split_once('=')).collect();
    let parameter = |name: &str| {
        let found = parameters
            .iter()
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().trim_matches('"'))
    };
    let quality = parameter("q").map_or(1.0, |q| q.parse().unwrap_or(0.0));
    let known = match (media.as_str(), parameter("version")) {
        ("application/openmetrics-text", None | Some("1.0.0")) => Some(Exposition::OpenMetrics),
        ("text/plain", None | Some("0.0.4")) | ("text/*" | "*/*", _) => Some(Exposition::Text),
        _ => None,
    };
    (known, quality)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{Exposition::*, *};

    fn negotiated(accept: &'static str) -> Exposition {
        Exposition::negotiate(&HeaderMap::from_iter([(
            ACCEPT,
            HeaderValue::from_static(accept),
        )]))
    }

    #[test]
    fn prometheus_gets_openmetrics_in_every_dialect_of_its_accept_header() {
        for accept in [
            "application/openmetrics-text; version=1.0.0",
            // 2.42
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            // 3.x
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        ] {
            assert_eq!(negotiated(accept), OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn everybody_else_gets_plain_text() {
        assert_eq!(Exposition::negotiate(&HeaderMap::new()), Text);
        for accept in [
            "",
            "*/*",
            "text/html,application/xhtml+xml,*/*;q=0.8",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=nonsense",
            "application/openmetrics-text;version=2.0.0",
            "text/plain, application/openmetrics-text;q=0.9",
            ";;;,,q=",
        ] {
            assert_eq!(negotiated(accept), Text, "{accept}");
        }
    }
}
