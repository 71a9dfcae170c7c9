//! Reading lines of bounded length from a client that may send anything.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};

/// What came instead of, or as, a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line with its line feed.
    Whole(Vec<u8>),
    /// More bytes than allowed; the rest of the line was skipped.
    TooLong,
    /// The client has gone.
    End,
}

/// Reads up to the next line feed, keeping at most `max` bytes.
pub(super) async fn read_line(
    reader: &mut (impl AsyncBufRead + Unpin),
    max: u64,
) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        line.clear();
        (&mut *reader)
            .take(max)
            .read_until(b'\n', &mut line)
            .await?;
        let whole = line.ends_with(b"\n");
        match (line.is_empty(), whole, too_long) {
            (true, ..) => return Ok(Line::End),
            (_, true, false) => return Ok(Line::Whole(line)),
            (_, true, true) => return Ok(Line::TooLong),
            // Without a line feed it is either the limit or the end; the next read tells which.
            (_, false, _) => too_long = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_line_is_skipped_and_the_next_one_is_read() {
        let mut input: &[u8] = b"12345678901\nok\nlost";
        assert_eq!(read_line(&mut input, 5).await.unwrap(), Line::TooLong);
        assert_eq!(
            read_line(&mut input, 5).await.unwrap(),
            Line::Whole(b"ok\n".into())
        );
        assert_eq!(read_line(&mut input, 5).await.unwrap(), Line::End);
    }
}
