//! A document as people and machines read it: HTML with charts, Markdown, JUnit. The JSON is the document itself.

mod chart;
mod html;
mod junit;
mod markdown;

use std::{fs, io, path::Path};

pub use self::{
    chart::{Chart, Line},
    html::STYLE,
};

use crate::{
    document::{Document, FILE},
    report::Verdict,
};

/// Writes `report.json`, `report.html`, `report.md` and `junit.xml` into a folder that is there.
///
/// # Errors
/// A file cannot be written.
pub fn write(document: &Document, folder: &Path) -> io::Result<()> {
    let json = serde_json::to_string_pretty(document)?;
    for (name, text) in [
        (FILE, json),
        ("report.html", html::page(document)),
        ("report.md", markdown::text(document)),
        ("junit.xml", junit::text(document)),
    ] {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

/// The verdict in words.
#[must_use]
pub fn verdict(document: &Document) -> &'static str {
    match document.verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::NoData => "no data",
    }
}

/// Text inside of XML and HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Not allowed in XML, even escaped.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
