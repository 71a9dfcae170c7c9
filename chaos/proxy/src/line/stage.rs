//! One fault in one direction of one connection: when it lets bytes go on, and what it keeps of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Cut, Identity, Piece};
use crate::decision::{self, Question};
use crate::fault::Fault;
use crate::toxic::Toxic;

/// Bandwidth is given out in slices of this time: a slow line drips, it does not burst.
const BANDWIDTH_SLICE: Duration = Duration::from_millis(50);
/// A slicer that asks for nothing cuts into single bytes; no chunk is cut into more pieces than these.
const PIECES_MAX: usize = 4096;

#[derive(Debug)]
pub(super) struct Stage {
    fault: Arc<Fault>,
    since: Instant,
    /// Nothing goes out before this: what went before is still on its way.
    free: Instant,
    /// Bytes that may still pass, of a limit.
    left: u64,
    touched: bool,
    swallowed: bool,
    fresh: bool,
}

impl Stage {
    pub(super) fn new(fault: Arc<Fault>, now: Instant) -> Self {
        let left = match fault.toxic {
            Toxic::LimitData { bytes } => bytes,
            _ => 0,
        };
        Self {
            fault,
            since: now,
            free: now,
            left,
            touched: false,
            swallowed: false,
            fresh: true,
        }
    }

    pub(super) fn is_of(&self, fault: &Fault) -> bool {
        self.fault.id == fault.id
    }

    fn count(&mut self, bytes: usize) {
        self.fault.toll.hit(bytes, !self.touched);
        self.touched = true;
    }

    /// Keeps what may not pass. False when nothing may follow.
    pub(super) fn admit(&mut self, bytes: &mut Bytes) -> bool {
        match self.fault.toxic {
            Toxic::Timeout { .. } if !bytes.is_empty() => {
                self.count(bytes.len());
                self.swallowed = true;
                bytes.clear();
                true
            }
            Toxic::LimitData { .. } => {
                let passes =
                    usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
                let kept = bytes.split_off(passes);
                self.left -= passes as u64;
                self.swallowed |= !kept.is_empty();
                if self.left == 0 {
                    self.count(kept.len());
                }
                self.left > 0
            }
            _ => true,
        }
    }

    /// Settles when pieces may go on, and cuts them up if that is what it does.
    pub(super) fn time(
        &mut self,
        pieces: Vec<Piece>,
        incoming: bool,
        identity: &Identity,
    ) -> Vec<Piece> {
        let counts = incoming || self.fresh;
        self.fresh = false;
        let mut timed = Vec::with_capacity(pieces.len());
        for piece in pieces {
            if counts && self.acts_on_chunks() {
                self.count(piece.bytes.len());
            }
            self.time_one(piece, identity, &mut timed);
        }
        timed
    }

    fn acts_on_chunks(&self) -> bool {
        !matches!(
            self.fault.toxic,
            Toxic::Timeout { .. } | Toxic::LimitData { .. } | Toxic::SlowClose { .. }
        )
    }

    fn time_one(&mut self, mut piece: Piece, identity: &Identity, timed: &mut Vec<Piece>) {
        match self.fault.toxic {
            Toxic::Latency { latency, jitter } => {
                piece.due = self
                    .free
                    .max(piece.due + self.delay(latency, jitter, &piece, identity));
                self.free = piece.due;
                timed.push(piece);
            }
            Toxic::Bandwidth { rate } if rate > 0 => self.drip(piece, rate, timed),
            Toxic::Slicer {
                average_size,
                size_variation,
                delay,
            } => self.slice(
                piece,
                (average_size, size_variation),
                delay,
                identity,
                timed,
            ),
            _ => timed.push(piece),
        }
    }

    fn delay(
        &self,
        latency: Duration,
        jitter: Duration,
        piece: &Piece,
        identity: &Identity,
    ) -> Duration {
        if jitter.is_zero() {
            return latency;
        }
        let drawn = self.draw(identity, piece.chunk, 0);
        (latency + jitter.mul_f64(2.0 * drawn)).saturating_sub(jitter)
    }

    fn drip(&mut self, mut piece: Piece, rate: u64, timed: &mut Vec<Piece>) {
        let bytes_a_second = rate.saturating_mul(1000) as f64;
        let slice = (bytes_a_second * BANDWIDTH_SLICE.as_secs_f64()).max(1.0) as usize;
        while !piece.bytes.is_empty() {
            let mut part = piece.clone();
            part.bytes = piece.bytes.split_to(slice.min(piece.bytes.len()));
            let takes = Duration::from_secs_f64(part.bytes.len() as f64 / bytes_a_second);
            part.due = self.free.max(part.due) + takes;
            self.free = part.due;
            timed.push(part);
        }
    }

    fn slice(
        &mut self,
        mut piece: Piece,
        (average, variation): (u64, u64),
        delay: Duration,
        identity: &Identity,
        timed: &mut Vec<Piece>,
    ) {
        let least = piece.bytes.len().div_ceil(PIECES_MAX) as f64;
        for number in 0.. {
            if piece.bytes.is_empty() {
                break;
            }
            let drawn = self.draw(identity, piece.chunk, number);
            let size = average as f64 + variation as f64 * (2.0 * drawn - 1.0);
            let size = (size.max(least) as usize).min(piece.bytes.len());
            let mut part = piece.clone();
            part.bytes = piece.bytes.split_to(size);
            part.due = self.free.max(part.due);
            self.free = part.due + delay;
            timed.push(part);
        }
    }

    fn draw(&self, identity: &Identity, chunk: u64, part: u64) -> f64 {
        let key = format!("{}/{chunk}/{part}", identity.connection);
        let question = Question {
            fault: &self.fault.name,
            edge: &identity.edge,
            key: &key,
            attempt: 0,
        };
        decision::draw(identity.seed, question)
    }

    /// What waits is planned anew: nothing is ahead of it any more.
    pub(super) fn start_over(&mut self, now: Instant) {
        self.free = now;
    }

    /// Does it let nothing out?
    pub(super) fn holds(&self) -> bool {
        matches!(
            self.fault.toxic,
            Toxic::Blackhole | Toxic::Bandwidth { rate: 0 } | Toxic::ResetPeer { .. }
        )
    }

    /// Do bytes vanish in it?
    pub(super) fn swallows(&self) -> bool {
        matches!(self.fault.toxic, Toxic::Timeout { .. })
    }

    pub(super) fn has_swallowed(&self) -> bool {
        self.swallowed
    }

    /// When it ends the connection, and how.
    pub(super) fn deadline(&self) -> Option<(Instant, Cut)> {
        match self.fault.toxic {
            Toxic::ResetPeer { timeout } => Some((self.since + timeout, Cut::Reset)),
            Toxic::Timeout { timeout } if !timeout.is_zero() => {
                Some((self.since + timeout, Cut::Close))
            }
            _ => None,
        }
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|(at, _)| at <= now)
    }

    pub(super) fn count_cut(&self) {
        self.fault.toll.hit(0, !self.touched);
    }

    /// A sender that ends where its bytes vanish takes the connection with it, as in Toxiproxy.
    pub(super) fn ends_at_once(&self) -> bool {
        self.swallows()
    }

    pub(super) fn see_end(&mut self) {
        if matches!(self.fault.toxic, Toxic::SlowClose { .. }) {
            self.count(0);
        }
    }

    /// How much later the end of the stream goes on.
    pub(super) fn end_delay(&self) -> Duration {
        match self.fault.toxic {
            Toxic::SlowClose { delay } => delay,
            _ => Duration::ZERO,
        }
    }
}
