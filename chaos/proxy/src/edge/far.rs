//! What a connection has behind it: the server's socket, or, once an HTTP fault is set, the machine that talks to the server
//! request by request (`http`). Bytes of a client pass through the same faults on their way in either case.
//!
//! A connection that is open already is handed to the machine where a message begins: at the first bytes from the client that
//! follow on bytes from the server and look like the head of a request. Until then it goes on as it is. A client that sends
//! requests before it has the answers to earlier ones (pipelining) is not served soundly while HTTP faults are set.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::sync::oneshot;

use super::Edge;
use super::http::{Exchanges, Reset, serve};
use super::socket::Socket;
use crate::limits::EXCHANGE_BYTES_MAX;

/// The longest method that anybody has registered is shorter.
const METHOD_BYTES_MAX: usize = 20;

/// The far side of one connection. Its two directions are polled by one task.
#[derive(Debug)]
pub(super) struct Far {
    edge: Arc<Edge>,
    number: u64,
    side: Mutex<Side>,
}

#[derive(Debug)]
enum Side {
    Bytes {
        socket: Socket,
        spoke_last: Option<Party>,
    },
    Http {
        pipe: DuplexStream,
        /// The machine says so before it ends, if this is how.
        reset: oneshot::Receiver<Reset>,
    },
    /// Only while one takes the place of the other.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Party {
    Client,
    Server,
}

impl Far {
    pub(super) fn new(edge: Arc<Edge>, socket: Socket, number: u64) -> Self {
        let side = Side::Bytes {
            socket,
            spoke_last: None,
        };
        Self {
            edge,
            number,
            side: Mutex::new(side),
        }
    }

    fn side(&self) -> MutexGuard<'_, Side> {
        self.side.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the machine between the client and the server's socket, if a fault needs it and these bytes begin a message.
    fn look_at(&self, side: &mut Side, bytes: &[u8], cx: &Context<'_>) {
        let Side::Bytes { spoke_last, .. } = side else {
            return;
        };
        let begins = match spoke_last {
            None => may_begin_a_request(bytes),
            Some(Party::Server) => begins_a_request(bytes),
            Some(Party::Client) => false,
        };
        if !self.edge.http || !begins || !self.edge.faults.borrow().needs_http() {
            return;
        }
        let Side::Bytes { socket, .. } = std::mem::replace(side, Side::Nothing) else {
            return;
        };
        let ((pipe, near), (tell, reset)) = (duplex(EXCHANGE_BYTES_MAX), oneshot::channel());
        let exchanges = Exchanges::new(Arc::clone(&self.edge), self.number);
        let serving = serve(near, socket, exchanges, tell);
        self.edge.shared.tasks.spawn(serving);
        *side = Side::Http { pipe, reset };
        // The other direction waits for the socket that is no longer ours: this task has to look again.
        cx.waker().wake_by_ref();
    }
}

/// Both directions of it.
impl AsyncRead for &Far {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self.side() {
            Side::Bytes { socket, spoke_last } => {
                let before = buffer.filled().len();
                ready!(Pin::new(socket).poll_read(cx, buffer))?;
                if buffer.filled().len() > before {
                    *spoke_last = Some(Party::Server);
                }
                Poll::Ready(Ok(()))
            }
            Side::Http { pipe, reset } => {
                let before = buffer.filled().len();
                ready!(Pin::new(pipe).poll_read(cx, buffer))?;
                let ended = buffer.filled().len() == before;
                if ended && reset.try_recv().is_ok() {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
                Poll::Ready(Ok(()))
            }
            Side::Nothing => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for &Far {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut side = self.side();
        self.look_at(&mut side, bytes, cx);
        match &mut *side {
            Side::Bytes { socket, spoke_last } => {
                let count = ready!(Pin::new(socket).poll_write(cx, bytes))?;
                *spoke_last = Some(Party::Client);
                Poll::Ready(Ok(count))
            }
            Side::Http { pipe, .. } => Pin::new(pipe).poll_write(cx, bytes),
            Side::Nothing => Poll::Ready(Ok(0)),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self.side() {
            Side::Bytes { socket, .. } => Pin::new(socket).poll_flush(cx),
            Side::Http { pipe, .. } => Pin::new(pipe).poll_flush(cx),
            Side::Nothing => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self.side() {
            Side::Bytes { socket, .. } => Pin::new(socket).poll_shutdown(cx),
            Side::Http { pipe, .. } => Pin::new(pipe).poll_shutdown(cx),
            Side::Nothing => Poll::Ready(Ok(())),
        }
    }
}

/// A method, a space, a path.
fn begins_a_request(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase());
    let method = method.count();
    (1..=METHOD_BYTES_MAX).contains(&method) && bytes[method..].starts_with(b" /")
}

/// The same where more may follow. Whatever a client says first is a request; what is no HTTP/1.1 is left alone.
fn may_begin_a_request(bytes: &[u8]) -> bool {
    let cut_off = |bytes: &[u8]| {
        let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase());
        let rest = &bytes[method.count()..];
        rest.is_empty() || rest == b" "
    };
    begins_a_request(bytes) || (bytes.len() <= METHOD_BYTES_MAX && cut_off(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_begins_with_a_method_and_a_path() {
        for (bytes, begins, may_begin) in [
            (&b"GET / HTTP/1.1\r\n"[..], true, true),
            (b"POST /orders", true, true),
            (b"PO", false, true),
            (b"POST ", false, true),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", false, false),
            (b"{\"id\": 1}", false, false),
            (b"get /", false, false),
            (b" /", false, false),
            (b"\x16\x03\x01", false, false),
            (b"BREWBREWBREWBREWBREWB", false, false),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(begins_a_request(bytes), begins, "{text}");
            assert_eq!(may_begin_a_request(bytes), may_begin, "{text}");
        }
    }
}
