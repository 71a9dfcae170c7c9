//! One direction of one connection under faults, as a state machine: chunks come in, and it says what goes out and when. It does
//! no I/O and reads no clock; `edge::pump` does what it says.
//!
//! Every chunk keeps the time at which it came. When faults change, what waits is planned anew from that time: a delay that
//! is lifted lets go at once what it held back.

mod stage;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::fault::Fault;
use crate::limits::LINE_BYTES_MAX;
use stage::Stage;

/// How a fault ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Both sides see an ordinary end.
    Close,
    /// Both sides see a reset.
    Reset,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write [`Line::front`], then say how much with [`Line::sent`].
    Send,
    /// Nothing before this time, unless something comes in; without a time, nothing at all.
    Wait(Option<Instant>),
    /// All is sent and the sender has ended: end the stream.
    Finish,
    /// End the connection.
    Cut(Cut),
}

/// A part of a chunk on its way.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    /// When it came in.
    came: Instant,
    /// When it may go out.
    pub(crate) due: Instant,
    /// Which chunk of the direction it belongs to.
    pub(crate) chunk: u64,
}

/// What makes the random parts of a plan repeatable.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The proxy's seed.
    pub seed: u64,
    /// The name of the edge.
    pub edge: Arc<str>,
    /// The connection's number on it.
    pub connection: u64,
}

/// The machine.
#[derive(Debug)]
pub struct Line {
    identity: Identity,
    stages: Vec<Stage>,
    queue: VecDeque<Piece>,
    queued: usize,
    chunks: u64,
    ended: Option<Instant>,
    /// The sender did not end its stream, it is gone: what it said before still goes out, then the connection ends like this.
    broken: Option<Cut>,
    /// A limit of bytes is reached: what waits still goes out, then the connection ends.
    limited: bool,
    cut: Option<Cut>,
}

impl Line {
    /// Nothing under way, no faults.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            stages: Vec::new(),
            queue: VecDeque::new(),
            queued: 0,
            chunks: 0,
            ended: None,
            broken: None,
            limited: false,
            cut: None,
        }
    }

    /// The faults of this direction that have chosen this connection are now these.
    pub fn set_faults(&mut self, faults: &[Arc<Fault>], now: Instant) {
        let same = self.stages.len() == faults.len();
        if same
            && self
                .stages
                .iter()
                .zip(faults)
                .all(|(stage, fault)| stage.is_of(fault))
        {
            return;
        }
        let mut before = std::mem::take(&mut self.stages);
        for fault in faults {
            let known = before.iter().position(|stage| stage.is_of(fault));
            self.stages.push(match known {
                Some(index) => before.swap_remove(index),
                None => Stage::new(Arc::clone(fault), now),
            });
        }
        // Whatever a lifted fault has swallowed is gone for good.
        if before.iter().any(Stage::has_swallowed) {
            self.cut = Some(Cut::Close);
        }
        self.plan_anew(now);
    }

    /// Are there no faults and nothing under way? Then bytes may pass beside the line.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        let nothing_due = self.ended.is_none() && self.cut.is_none() && !self.limited;
        nothing_due && self.stages.is_empty() && self.queue.is_empty()
    }

    /// Takes a chunk that came in.
    pub fn push(&mut self, mut bytes: Bytes, now: Instant) {
        for stage in &mut self.stages {
            let admitted = stage.admit(&mut bytes);
            if !admitted {
                self.limited = true;
            }
        }
        if bytes.is_empty() {
            return;
        }
        let piece = Piece {
            bytes,
            came: now,
            due: now,
            chunk: self.chunks,
        };
        self.chunks += 1;
        self.plan(vec![piece], true);
    }

    /// The sender has ended its stream.
    pub fn end(&mut self, now: Instant) {
        self.ended = Some(now);
        for stage in &mut self.stages {
            if stage.ends_at_once() {
                self.cut = Some(Cut::Close);
            }
            stage.see_end();
        }
    }

    /// The sender is gone. Where its bytes vanish, this takes the connection with it at once.
    pub fn break_off(&mut self, how: Cut, now: Instant) {
        self.ended = Some(now);
        self.broken = Some(how);
        if self.stages.iter().any(Stage::swallows) {
            self.cut = Some(how);
        }
    }

    /// May more be read from the sender? A line that is full lets it wait, as TCP does.
    #[must_use]
    pub fn wants(&self) -> bool {
        self.ended.is_none() && !self.limited && self.cut.is_none() && self.queued < LINE_BYTES_MAX
    }

    /// Bytes that wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// What to do now.
    pub fn next(&mut self, now: Instant) -> Step {
        let deadline = self
            .stages
            .iter()
            .filter_map(Stage::deadline)
            .min_by_key(|(at, _)| *at);
        if let Some((_, how)) = deadline.filter(|(at, _)| *at <= now) {
            self.stages
                .iter()
                .filter(|stage| stage.is_due(now))
                .for_each(Stage::count_cut);
            return Step::Cut(how);
        }
        if let Some(how) = self.cut {
            return Step::Cut(how);
        }
        let until = deadline.map(|(at, _)| at);
        if self.stages.iter().any(Stage::holds) {
            return Step::Wait(until);
        }
        match (self.queue.front(), self.end_due()) {
            (Some(piece), _) if piece.due <= now => Step::Send,
            (Some(piece), _) => Step::Wait(earlier(until, piece.due)),
            (None, _) if self.limited => Step::Cut(Cut::Close),
            (None, Some(due)) if due <= now => self.broken.map_or(Step::Finish, Step::Cut),
            (None, Some(due)) => Step::Wait(earlier(until, due)),
            (None, None) => Step::Wait(until),
        }
    }

    /// The bytes that [`Step::Send`] speaks of.
    #[must_use]
    pub fn front(&self) -> &[u8] {
        self.queue.front().map_or(&[], |piece| &piece.bytes)
    }

    /// So many of them were written.
    pub fn sent(&mut self, count: usize) {
        let Some(piece) = self.queue.front_mut() else {
            return;
        };
        let _ = piece.bytes.split_to(count);
        self.queued -= count;
        if piece.bytes.is_empty() {
            self.queue.pop_front();
        }
    }

    fn end_due(&self) -> Option<Instant> {
        let delay: Duration = self.stages.iter().map(Stage::end_delay).sum();
        self.ended.map(|at| at + delay)
    }

    fn plan_anew(&mut self, now: Instant) {
        let mut waiting: Vec<Piece> = self.queue.drain(..).collect();
        self.queued = 0;
        for piece in &mut waiting {
            piece.due = piece.came;
        }
        for stage in &mut self.stages {
            stage.start_over(now);
        }
        self.plan(waiting, false);
    }

    /// A fault counts a piece when it comes in, or when the fault comes to a piece that waits; never twice.
    fn plan(&mut self, mut pieces: Vec<Piece>, incoming: bool) {
        for stage in &mut self.stages {
            pieces = stage.time(pieces, incoming, &self.identity);
        }
        self.queued += pieces.iter().map(|piece| piece.bytes.len()).sum::<usize>();
        self.queue.extend(pieces);
    }
}

fn earlier(one: Option<Instant>, other: Instant) -> Option<Instant> {
    Some(one.map_or(other, |one| one.min(other)))
}

#[cfg(test)]
mod tests;
