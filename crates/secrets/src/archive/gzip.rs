//! gzip (RFC 1952), several members after each other included.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;
use zeroize::Zeroize as _;

use super::{Node, State};
use crate::{report::Unread, sealed::Sealed};

/// How much goes into the inflater at a time: a bomb makes a thousand times as much of it. What it has made of a slice is lost
/// where the slice is damaged, so slices begin at the same places however the bytes come.
const SLICE: usize = 1024;

pub(super) struct Gzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    slice: Sealed,
    inner: Node,
    /// The format is broken, and what comes after means nothing.
    broken: bool,
}

impl Gzip {
    pub(super) fn new(inner: Node) -> Self {
        Self { decoder: MultiGzDecoder::new(Vec::new()), slice: Sealed::new(SLICE), inner, broken: false }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], state: &mut State) {
        while !bytes.is_empty() && !self.broken && !state.full {
            let taken = self.slice.take(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.slice.is_full() {
                self.inflate(state);
            }
        }
    }

    fn inflate(&mut self, state: &mut State) {
        self.broken = self.decoder.write_all(self.slice.bytes()).is_err();
        self.slice.forget(SLICE);
        self.pour(state);
        if self.broken {
            state.report.skipped(Unread::Damaged);
        }
    }

    /// What came out goes on, and is wiped here.
    fn pour(&mut self, state: &mut State) {
        let out = self.decoder.get_mut();
        if !out.is_empty() && state.inflates(out.len()) {
            self.inner.feed(out, state);
        }
        out.zeroize();
    }

    pub(super) fn finish(mut self, state: &mut State) {
        if !self.broken && !state.full {
            self.inflate(state);
        }
        // An end that is missing: the object was read in part, or is cut.
        if !self.broken && !state.full && self.decoder.try_finish().is_err() {
            state.report.skipped(Unread::Damaged);
        }
        self.pour(state);
        self.inner.finish(state);
    }
}
