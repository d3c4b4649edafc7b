//! Text in pieces, through a window of a fixed size.

use crate::{
    detector::{self, AHEAD, BEHIND},
    report::Report,
    sealed::Sealed,
    text::{self, Encoding},
};

/// How much new text a window takes in at a time.
const TURN: usize = 64 * 1024;

/// One text: an object, or a member of an archive.
pub(crate) struct Text {
    window: Sealed,
    /// Where in the window the text begins that has not been looked at.
    fresh: usize,
    /// Offset and line of `fresh` in the whole text.
    offset: u64,
    line: u64,
    encoding: Option<Encoding>,
    /// The first bytes until the encoding is known; then the first half of a UTF-16 unit.
    held: Sealed,
    member: Option<String>,
}

impl Text {
    pub(crate) fn new(member: Option<String>) -> Self {
        Self {
            window: Sealed::new(BEHIND + TURN + AHEAD),
            fresh: 0,
            offset: 0,
            line: 1,
            encoding: None,
            held: Sealed::new(text::SNIFF),
            member,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], report: &mut Report) {
        let mut bytes = bytes;
        if self.encoding.is_none() {
            let taken = self.held.take(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.held.is_full() {
                self.decide(report);
            }
        }
        if !bytes.is_empty() {
            self.decode(bytes, report);
        }
    }

    pub(crate) fn finish(mut self, report: &mut Report) {
        if self.encoding.is_none() {
            self.decide(report);
        }
        self.turn(true, report);
    }

    /// What the first bytes say, and what they hold.
    fn decide(&mut self, report: &mut Report) {
        self.encoding = Some(text::encoding(self.held.bytes()));
        let head = std::mem::replace(&mut self.held, Sealed::new(1));
        self.decode(head.bytes(), report);
    }

    fn decode(&mut self, mut bytes: &[u8], report: &mut Report) {
        let encoding = self.encoding.unwrap_or(Encoding::Bytes);
        if encoding == Encoding::Bytes {
            return self.push(bytes, report);
        }
        if let ([first], [second, rest @ ..]) = (self.held.bytes(), bytes) {
            let unit = text::narrow(encoding, *first, *second);
            self.held.forget(1);
            self.push(&[unit], report);
            bytes = rest;
        }
        let (pairs, rest) = bytes.as_chunks::<2>();
        for part in pairs.chunks(1024) {
            let mut narrow = zeroize::Zeroizing::new([0_u8; 1024]);
            for (to, [first, second]) in narrow.iter_mut().zip(part) {
                *to = text::narrow(encoding, *first, *second);
            }
            self.push(narrow.get(..part.len()).unwrap_or_default(), report);
        }
        self.held.take(rest);
    }

    fn push(&mut self, mut bytes: &[u8], report: &mut Report) {
        report.text = report.text.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        while !bytes.is_empty() {
            let taken = self.window.take(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            if self.window.is_full() {
                self.turn(false, report);
            }
        }
    }

    /// Looks at what is new, as far as enough stands after it.
    fn turn(&mut self, last: bool, report: &mut Report) {
        let text = self.window.bytes();
        let end = if last { text.len() } else { text.len().saturating_sub(AHEAD) };
        let (fresh, line, offset, member) = (self.fresh, self.line, self.offset, self.member.as_deref());
        let lines = |to: usize| wide(memchr::memchr_iter(b'\n', text.get(fresh..to).unwrap_or_default()).count());
        detector::scan(text, fresh..end, &mut |hit| {
            let at = hit.at;
            let offset = offset.saturating_add(wide(at.saturating_sub(fresh)));
            report.add(hit, line.saturating_add(lines(at)), offset, member);
        });
        self.line = line.saturating_add(lines(end));
        self.offset = offset.saturating_add(wide(end.saturating_sub(fresh)));
        let keep = end.saturating_sub(BEHIND);
        self.window.forget(keep);
        self.fresh = end.saturating_sub(keep);
    }
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
