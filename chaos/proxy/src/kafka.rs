//! A Kafka broker tells its clients where to find it, and they believe that more than the address they were given. On an edge
//! to a broker its own address is therefore replaced by the edge's in what it answers; otherwise clients would go past the proxy.
//!
//! In every answer that names a broker, its port (four bytes) follows its host, so what is replaced is host and port together: with
//! hosts of the same length nothing else moves. A message that contains these very bytes would be changed as well; they
//! are not text, and no JSON has them.

use std::net::SocketAddr;

use bytes::Bytes;

/// The largest answer that is believed to be one: librdkafka's own limit is about as large.
const FRAME_BYTES_MAX: usize = 128 * 1024 * 1024;
const HEADER_BYTES: usize = 4;

/// Rewrites what a broker sends, however it is cut into chunks.
#[derive(Debug, Clone)]
pub struct AddressRewriter {
    from: Vec<u8>,
    to: Vec<u8>,
    /// The size of the next frame, as far as it has come in.
    header: Vec<u8>,
    /// What is still to come of this frame.
    left: usize,
    /// The end of what came in, which may be the beginning of an address. There is more to come of its frame.
    kept: Vec<u8>,
    /// This is no Kafka.
    off: bool,
}

impl AddressRewriter {
    /// From one address to another. None when their hosts differ in length.
    #[must_use]
    pub fn new(from: SocketAddr, to: SocketAddr) -> Option<Self> {
        let (from, to) = (encoded(from), encoded(to));
        (from.len() == to.len()).then(|| Self {
            from,
            to,
            header: Vec::with_capacity(HEADER_BYTES),
            left: 0,
            kept: Vec::new(),
            off: false,
        })
    }

    /// What to pass on of what came in so far. Never keeps anything once a frame is complete.
    #[must_use]
    pub fn pass(&mut self, chunk: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(chunk.len() + self.from.len());
        let mut rest = chunk;
        while !rest.is_empty() {
            if self.off {
                out.extend_from_slice(rest);
                break;
            }
            rest = if self.left == 0 {
                self.read_header(rest, &mut out)
            } else {
                self.read_frame(rest, &mut out)
            };
        }
        out.into()
    }

    fn read_header<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let (now, rest) = bytes.split_at(bytes.len().min(HEADER_BYTES - self.header.len()));
        self.header.extend_from_slice(now);
        out.extend_from_slice(now);
        if let Some(size) = self.header.first_chunk::<HEADER_BYTES>() {
            self.left = u32::from_be_bytes(*size) as usize;
            self.off = self.left > FRAME_BYTES_MAX;
            self.header.clear();
        }
        rest
    }

    fn read_frame<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let (now, rest) = bytes.split_at(bytes.len().min(self.left));
        self.left -= now.len();
        let mut seen = std::mem::take(&mut self.kept);
        seen.extend_from_slice(now);
        self.replace(&mut seen);
        if self.left > 0 {
            self.kept = seen.split_off(seen.len() - self.begun_at_the_end(&seen));
        }
        out.extend_from_slice(&seen);
        rest
    }

    fn replace(&self, bytes: &mut [u8]) {
        let mut at = 0;
        while at + self.from.len() <= bytes.len() {
            let here = at..at + self.from.len();
            if bytes[here.clone()] == self.from {
                bytes[here].copy_from_slice(&self.to);
                at += self.from.len();
            } else {
                at += 1;
            }
        }
    }

    /// How many bytes at the end may be the beginning of the address.
    fn begun_at_the_end(&self, bytes: &[u8]) -> usize {
        let most = bytes.len().min(self.from.len() - 1);
        let begun = (1..=most)
            .rev()
            .find(|count| bytes.ends_with(&self.from[..*count]));
        begun.unwrap_or(0)
    }
}

fn encoded(address: SocketAddr) -> Vec<u8> {
    let mut bytes = address.ip().to_string().into_bytes();
    bytes.extend_from_slice(&u32::from(address.port()).to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn rewriter() -> AddressRewriter {
        AddressRewriter::new(address(8092), address(8540)).expect("hosts of the same length")
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        let mut frame = (body.len() as u32).to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        frame
    }

    /// Other bytes, the address, and beginnings of it that go on differently.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let whole = encoded(address(8092));
        let part = prop_oneof![
            vec(any::<u8>(), 0..20),
            Just(whole.clone()),
            (0..whole.len()).prop_map(move |count| whole[..count].to_vec()),
        ];
        vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_address_is_replaced_and_no_frame_waits(
            bodies in vec(body(), 1..5), cuts in vec(1..40_usize, 1..50)
        ) {
            let (mut rewriter, mut out) = (rewriter(), Vec::new());
            let mut expected = Vec::new();
            for body in bodies {
                let sent = frame(&body);
                let mut changed = body.clone();
                rewriter.replace(&mut changed);
                expected.extend(frame(&changed));
                let (mut rest, mut sizes) = (sent.as_slice(), cuts.iter().cycle());
                while !rest.is_empty() {
                    let size = rest.len().min(*sizes.next().expect("it goes round"));
                    out.extend_from_slice(&rewriter.pass(&rest[..size]));
                    rest = &rest[size..];
                }
                prop_assert_eq!(out.len(), expected.len(), "a complete frame waits for nothing");
            }
            prop_assert_eq!(out, expected);
        }
    }

    #[test]
    fn an_answer_that_names_the_broker_names_the_edge_instead() {
        let named = [&b"\x0a127.0.0.1"[..], &8092_u32.to_be_bytes(), b"rest"].concat();
        let renamed = [&b"\x0a127.0.0.1"[..], &8540_u32.to_be_bytes(), b"rest"].concat();
        assert_eq!(rewriter().pass(&frame(&named)), frame(&renamed));
    }

    #[test]
    fn what_is_no_kafka_passes_as_it_is() {
        let sent = b"HTTP/1.1 200 OK\r\n\r\n127.0.0.1";
        assert_eq!(rewriter().pass(sent), &sent[..]);
    }

    #[test]
    fn an_address_of_another_length_cannot_take_its_place() {
        let other = "10.11.12.13:1".parse().expect("an address");
        assert!(AddressRewriter::new(address(1), other).is_none());
    }
}
