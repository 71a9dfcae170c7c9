//! Every form of a report says what was measured, and nothing breaks out of it.

use super::*;
use crate::{
    document::Books,
    fault::{Fault, Kind},
    knee::Curve,
    report::tests::{answer, finished, report},
};

fn document() -> Document {
    let wrong = Fault::new(Kind::WrongAnswer, "<script>alert(1)</script> & \"more\"");
    let run = finished(|recorder, start| {
        answer(recorder, start, 0, None);
        answer(recorder, start, 0, Some(&wrong));
    });
    let books = Books {
        balanced: false,
        checks: vec![("stock_adds_up".to_owned(), false, "7 < 8".to_owned())],
    };
    Document::new(vec![report(&run)], Some(books), None)
}

#[test]
fn the_page_is_whole_and_loads_nothing_from_elsewhere() {
    let page = html::page(&document());
    for part in [
        "failed",
        "POST /orders",
        "right &gt;= 99 %",
        "<svg",
        "stock_adds_up",
        "faultline trace 4bf92f",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for foreign in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_ci_sees_each_condition_and_each_check_as_a_test() {
    let xml = junit::text(&document());
    assert!(
        xml.contains("tests=\"2\" failures=\"2\" skipped=\"0\""),
        "{xml}"
    );
    assert!(
        xml.contains("name=\"right &gt;= 99 %\"><failure message=\"50.000 %\"/>"),
        "{xml}"
    );
    assert!(xml.contains("<failure message=\"7 &lt; 8\"/>"), "{xml}");
}

#[test]
fn markdown_has_a_row_an_endpoint() {
    let text = markdown::text(&document());
    assert!(text.starts_with("# demo: failed\n"), "{text}");
    assert!(text.contains("\n| POST /orders | 0.2 | 20.0 |"), "{text}");
    assert!(text.contains("do not balance"), "{text}");
}

#[test]
fn a_search_for_the_knee_is_drawn_instead_of_its_runs() {
    let one = report(&finished(|recorder, start| {
        answer(recorder, start, 0, None)
    }));
    let mut curve = Curve::default();
    curve.add(5.0, &one);
    let document = Document::new(vec![one], None, Some(curve));
    let page = html::page(&document);
    assert!(
        page.contains("Latency against rate") && !page.contains("<h2>Endpoints"),
        "{page}"
    );
    assert!(junit::text(&document).contains("a rate that holds is found"));
}

#[test]
fn all_four_files_are_written() {
    let folder = std::env::temp_dir().join(format!("render-{}", uuid::Uuid::now_v7()));
    fs::create_dir(&folder).unwrap();
    write(&document(), &folder).unwrap();
    let read = Document::read(&folder).unwrap();
    assert_eq!(read.verdict, Verdict::Failed);
    for name in ["report.html", "report.md", "junit.xml"] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    fs::remove_dir_all(&folder).unwrap();
}
