//! What the gateway of one test writes into its log.
//!
//! Each test has a thread and a current-thread runtime of its own, so the thread tells whose line it is. The subscriber is
//! everybody's: one that comes and goes with a test is not seen by call sites that another test reached first.

use std::{cell::RefCell, io, sync::Once};

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

static INSTALLED: Once = Once::new();

/// Forgets what an earlier test on this thread has written.
pub(crate) fn start() {
    INSTALLED.call_once(|| {
        tracing_subscriber::fmt()
            .json()
            .with_writer(|| OfThisThread)
            .init();
    });
    LINES.with_borrow_mut(Vec::clear);
}

/// Lines of JSON.
pub(crate) fn text() -> String {
    LINES.with_borrow(|lines| String::from_utf8(lines.clone()).unwrap())
}

struct OfThisThread;

impl io::Write for OfThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
