//! Does what a [`Line`] says with two sockets. Without faults, bytes go from socket to socket through one buffer that
//! all connections of a thread share: an idle connection holds none.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::{Passed, Shared};
use crate::fault::{Fault, FaultSet};
use crate::kafka::AddressRewriter;
use crate::limits::{CHUNK_BYTES_MAX, HELD_BYTES_MAX};
use crate::line::{Cut, Identity, Line, Step};
use crate::toxic::Stream;

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK_BYTES_MAX].into());
}

/// One direction of a connection.
pub(super) struct Direction<'a> {
    pub(super) stream: Stream,
    pub(super) passed: &'a Passed,
    pub(super) shared: &'a Shared,
    pub(super) faults: watch::Receiver<Arc<FaultSet>>,
    pub(super) rewriter: Option<AddressRewriter>,
    pub(super) line: Line,
    pub(super) identity: Identity,
}

impl Passed {
    fn came(&self, count: usize) {
        self.received.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn went(&self, count: usize) {
        self.sent.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// How a direction ended that leaves the other one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The end of the stream is passed on.
    PassedOn,
    /// The receiver takes no more. What it has said before may still be on its way: a server that answers early and closes
    /// refuses the rest of a body, and its answer counts. The connection ends like this when that way has ended too.
    Refused(Cut),
}

/// Moves bytes until the stream has ended or its receiver takes no more.
///
/// # Errors
/// When the connection as a whole is to end, and how.
pub(super) async fn pump<R, W>(
    mut from: R,
    mut to: W,
    direction: Direction<'_>,
) -> Result<Ending, Cut>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let Direction {
        stream,
        passed,
        shared,
        mut faults,
        mut rewriter,
        mut line,
        identity,
    } = direction;
    let mut held = Held {
        all: &shared.held,
        mine: 0,
    };
    loop {
        let set = Arc::clone(&faults.borrow_and_update());
        if set.closed {
            return Err(Cut::Close);
        }
        line.set_faults(&chosen(&set, stream, &identity), Instant::now());
        let mut changed = pin!(faults.changed());
        loop {
            held.set(line.queued());
            if line.is_clear() && rewriter.is_none() {
                tokio::select! {
                    biased;
                    gone = &mut changed => { gone.map_err(|_| Cut::Close)?; break }
                    came = pass(&mut from, &mut to, passed) => match came {
                        Ok(came) => take(&mut line, rewriter.as_mut(), came),
                        Err(refused) => return Ok(refused),
                    }
                }
                continue;
            }
            let step = line.next(Instant::now());
            let until = match step {
                Step::Finish => return Ok(finish(&mut to).await),
                Step::Cut(how) => return Err(how),
                Step::Wait(until) => until,
                Step::Send => None,
            };
            let wants = line.wants() && held.has_room();
            tokio::select! {
                biased;
                gone = &mut changed => { gone.map_err(|_| Cut::Close)?; break }
                written = to.write(line.front()), if step == Step::Send => {
                    match written {
                        Ok(count) => {
                            passed.went(count);
                            line.sent(count);
                        }
                        Err(error) => return Ok(Ending::Refused(how(&error))),
                    }
                }
                () = sleep_until(until.unwrap_or_else(Instant::now).into()), if until.is_some() => {}
                came = read(&mut from, passed), if wants => take(&mut line, rewriter.as_mut(), came),
            }
        }
    }
}

fn chosen(set: &FaultSet, stream: Stream, identity: &Identity) -> Vec<Arc<Fault>> {
    let acts = |fault: &&Arc<Fault>| fault.stream == stream && fault.toxic.acts_on_bytes();
    let faults = set.faults.iter().filter(acts);
    let chosen =
        faults.filter(|fault| fault.chooses(identity.seed, &identity.edge, identity.connection));
    chosen.cloned().collect()
}

/// What came in.
enum Came {
    Bytes(Bytes),
    End,
    /// The sender is gone, and how.
    Broken(Cut),
}

fn take(line: &mut Line, rewriter: Option<&mut AddressRewriter>, came: Came) {
    match came {
        Came::Bytes(bytes) => {
            let bytes = match rewriter {
                Some(rewriter) => rewriter.pass(&bytes),
                None => bytes,
            };
            line.push(bytes, Instant::now());
        }
        Came::End => line.end(Instant::now()),
        Came::Broken(how) => line.break_off(how, Instant::now()),
    }
}

/// From socket to socket, until the stream ends or the receiver takes less than there is: what is left is answered.
///
/// # Errors
/// When the receiver takes no more.
async fn pass<R, W>(from: &mut R, to: &mut W, passed: &Passed) -> Result<Came, Ending>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    poll_fn(|cx| {
        BUFFER.with_borrow_mut(|buffer| {
            loop {
                let count = match ready!(poll_chunk(from, buffer, cx)) {
                    Ok(0) => return Poll::Ready(Ok(Came::End)),
                    Ok(count) => count,
                    Err(how) => return Poll::Ready(Ok(Came::Broken(how))),
                };
                let sent = match Pin::new(&mut *to).poll_write(cx, &buffer[..count]) {
                    Poll::Ready(Ok(sent)) => sent,
                    Poll::Ready(Err(error)) => {
                        passed.came(count);
                        return Poll::Ready(Err(Ending::Refused(how(&error))));
                    }
                    Poll::Pending => 0,
                };
                passed.came(count);
                passed.went(sent);
                if sent < count {
                    let left = Bytes::copy_from_slice(&buffer[sent..count]);
                    return Poll::Ready(Ok(Came::Bytes(left)));
                }
            }
        })
    })
    .await
}

async fn read<R: AsyncRead + Unpin>(from: &mut R, passed: &Passed) -> Came {
    poll_fn(|cx| {
        BUFFER.with_borrow_mut(|buffer| {
            Poll::Ready(match ready!(poll_chunk(from, buffer, cx)) {
                Ok(0) => Came::End,
                Ok(count) => {
                    passed.came(count);
                    Came::Bytes(Bytes::copy_from_slice(&buffer[..count]))
                }
                Err(how) => Came::Broken(how),
            })
        })
    })
    .await
}

fn poll_chunk<R: AsyncRead + Unpin>(
    from: &mut R,
    buffer: &mut [u8],
    cx: &mut Context<'_>,
) -> Poll<Result<usize, Cut>> {
    let mut buffer = ReadBuf::new(buffer);
    ready!(Pin::new(from).poll_read(cx, &mut buffer)).map_err(|error| how(&error))?;
    Poll::Ready(Ok(buffer.filled().len()))
}

/// A side that is gone is told to the other side the way it went.
pub(super) fn how(error: &io::Error) -> Cut {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Cut::Reset,
        _ => Cut::Close,
    }
}

/// Passes on the end of a stream, and leaves the other direction open.
async fn finish<W: AsyncWrite + Unpin>(to: &mut W) -> Ending {
    // A receiver that is gone already has no use for it.
    let _ = to.shutdown().await;
    Ending::PassedOn
}

/// This direction's part of what all connections hold back.
struct Held<'a> {
    all: &'a AtomicUsize,
    mine: usize,
}

impl Held<'_> {
    fn set(&mut self, now: usize) {
        if now != self.mine {
            self.all.fetch_add(now, Ordering::Relaxed);
            self.all.fetch_sub(self.mine, Ordering::Relaxed);
            self.mine = now;
        }
    }

    fn has_room(&self) -> bool {
        self.mine == 0 || self.all.load(Ordering::Relaxed) < HELD_BYTES_MAX
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.set(0);
    }
}
