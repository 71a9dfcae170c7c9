//! Log lines on standard output: JSON for machines, text for a terminal. The same events also leave over OTLP (see
//! `telemetry::export`); this is the copy that needs nobody to receive it.
//!
//! A JSON line has `time`, `level`, `service`, `target`, `message`, `trace_id`, `span_id`, `request_id`, the baggage
//! (`order.id`, `user.id`), and the event's own fields beside them (dotted names stay as they are).

pub(super) mod line;

use std::{
    io::{self, IsTerminal as _, Write as _},
    panic::PanicHookInfo,
    str::FromStr,
};

use tracing::{Event, Subscriber, error};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context, registry::LookupSpan};

use self::line::Line;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            other => Err(format!("{other:?} is neither json nor text")),
        }
    }
}

/// The panic hook: a panic is a line like any other, with the ids of the request that it ended.
pub(super) fn panicked(panic: &PanicHookInfo<'_>) {
    error!(
        panic = panic.payload_as_str().unwrap_or("a panic without words"),
        location = panic.location().map(tracing::field::display),
        "panicked"
    );
}

/// Writes each event as a line. It looks at no span: what a line needs of its request is in the request's context.
pub(super) struct LogLines<W> {
    service: &'static str,
    format: Format,
    coloured: bool,
    writer: W,
}

impl<W> LogLines<W> {
    pub(super) fn new(service: &'static str, format: Format, writer: W) -> Self {
        Self {
            service,
            format,
            coloured: format == Format::Text && io::stdout().is_terminal(),
            writer,
        }
    }
}

impl<S, W> Layer<S> for LogLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = Line::of(self.service, event);
        let mut text = match self.format {
            Format::Json => line.json(),
            Format::Text => line.text(self.coloured),
        };
        text.push('\n');
        // One write, so that lines of several threads do not mix. A reader that went away is no reason to stop.
        let _ = self.writer.make_writer().write_all(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::telemetry::request::RequestContext;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(format: Format, work: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let mut lines = LogLines::new("order", format, move || writer.clone());
        lines.coloured = false;
        let subscriber = tracing_subscriber::registry().with(lines);
        tracing::subscriber::with_default(subscriber, work);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_one_json_object_with_dotted_fields() {
        let text = written(Format::Json, || {
            tracing::warn!(order.id = 7, "line one\nline two");
        });
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["service"], "order");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["order.id"], 7);
        assert_eq!(line["message"], "line one\nline two");
    }

    #[test]
    fn a_line_for_people_is_one_line_with_what_happened_first() {
        let text = written(Format::Text, || {
            tracing::warn!(order.id = 7, reason = "out of\nstock", "saga waits");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let (time, rest) = text.trim_end().split_at("00:00:00.000 ".len());
        assert_eq!(time.matches(':').count(), 2, "{time}");
        assert_eq!(
            rest,
            r#"WARN  order saga waits order.id=7 reason="out of\nstock""#
        );
    }

    #[tokio::test]
    async fn a_line_tells_whose_request_it_belongs_to() {
        let context = RequestContext {
            request_id: "r-1".to_owned(),
            ..RequestContext::default()
        };
        let work = async {
            written(Format::Json, || {
                RequestContext::note("user.id", "u-1");
                RequestContext::note("order.id", "o-1");
                tracing::info!(order.id = "own", "x");
            })
        };
        let line: Value = serde_json::from_str(&context.scope(work).await).unwrap();
        assert_eq!(line["request_id"], "r-1");
        assert_eq!(line["user.id"], "u-1");
        assert_eq!(line["order.id"], "own", "what the event says itself wins");
    }
}
