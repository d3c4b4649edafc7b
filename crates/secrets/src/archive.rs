//! An object's bytes as they come: text, or an archive whose members are read the same way.

mod gzip;
mod zip;

use crate::{
    report::{Limits, Report, Unread},
    sealed::Sealed,
    stream::Text,
};

/// Reads one object in pieces of any size.
pub struct Reader {
    node: Node,
    state: State,
}

impl Reader {
    /// A reader for one object.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        let state = State { report: Report::default(), limits, full: false };
        Self { node: Node::new(0, None), state }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.node.feed(bytes, &mut self.state);
    }

    /// Whether more bytes would not be looked at: the limits are used up.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.state.full
    }

    /// What was found, after the last byte or wherever the caller stopped.
    #[must_use]
    pub fn finish(self) -> Report {
        let Self { node, mut state } = self;
        node.finish(&mut state);
        state.report
    }
}

/// Without what it holds.
impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// What all members share.
struct State {
    report: Report,
    limits: Limits,
    /// The limits are used up.
    full: bool,
}

impl State {
    /// Whether `count` bytes more may come out of an archive.
    fn inflates(&mut self, count: usize) -> bool {
        let left = u64::try_from(count).ok().and_then(|count| self.limits.inflated.checked_sub(count));
        self.limits.inflated = left.unwrap_or(0);
        self.spend(left.is_some())
    }

    /// Whether one member more may be read.
    fn opens(&mut self) -> bool {
        let left = self.limits.members.checked_sub(1);
        self.limits.members = left.unwrap_or(0);
        self.spend(left.is_some())
    }

    fn spend(&mut self, had: bool) -> bool {
        if !had {
            self.full = true;
            self.report.skipped(Unread::Inflated);
        }
        had
    }
}

/// What some bytes are.
enum Node {
    /// Not known yet.
    New {
        head: Sealed,
        depth: u8,
        member: Option<String>,
    },
    Text(Box<Text>),
    Gzip(Box<gzip::Gzip>),
    Zip(Box<zip::Zip>),
    /// Nothing to look at.
    Opaque,
}

/// Enough to know every format by.
const MAGIC: usize = 10;

impl Node {
    fn new(depth: u8, member: Option<String>) -> Self {
        // A name can be a secret too, and a report has none.
        let member = member.filter(|name| depth == 0 || is_clean(name));
        Self::New { head: Sealed::new(MAGIC), depth, member }
    }

    fn feed(&mut self, bytes: &[u8], state: &mut State) {
        if state.full {
            return;
        }
        match self {
            Self::New { head, .. } => {
                let taken = head.take(bytes);
                if head.is_full() {
                    self.decide(state);
                    self.feed(bytes.get(taken..).unwrap_or_default(), state);
                }
            }
            Self::Text(text) => text.feed(bytes, &mut state.report),
            Self::Gzip(gzip) => gzip.feed(bytes, state),
            Self::Zip(zip) => zip.feed(bytes, state),
            Self::Opaque => {}
        }
    }

    fn finish(mut self, state: &mut State) {
        if matches!(self, Self::New { .. }) {
            self.decide(state);
        }
        match self {
            Self::Text(text) => text.finish(&mut state.report),
            Self::Gzip(gzip) => gzip.finish(state),
            Self::Zip(zip) => zip.finish(state),
            Self::New { .. } | Self::Opaque => {}
        }
    }

    /// What the first bytes say, and takes them.
    fn decide(&mut self, state: &mut State) {
        let Self::New { head, depth, member } = std::mem::replace(self, Self::Opaque) else { return };
        let inner = depth.saturating_add(1);
        let deep = depth >= state.limits.depth;
        *self = match head.bytes() {
            [0x1F, 0x8B, 8, ..] | [b'P', b'K', 3 | 5, 4 | 6, ..] if deep => {
                state.report.skipped(Unread::Nested);
                Self::Opaque
            }
            [0x1F, 0x8B, 8, ..] => Self::Gzip(Box::new(gzip::Gzip::new(Self::new(inner, member)))),
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip(Box::new(zip::Zip::new(inner, member))),
            // bzip2, xz, Zstandard, 7-Zip.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
            | [0xFD, b'7', b'z', b'X', b'Z', 0, ..]
            | [0x28, 0xB5, 0x2F, 0xFD, ..]
            | [b'7', b'z', 0xBC, 0xAF, 0x27, 0x1C, ..] => {
                state.report.skipped(Unread::Compression);
                Self::Opaque
            }
            _ => Self::Text(Box::new(Text::new(member))),
        };
        self.feed(head.bytes(), state);
    }
}

fn is_clean(name: &str) -> bool {
    let mut text = Text::new(None);
    let mut report = Report::default();
    text.feed(name.as_bytes(), &mut report);
    text.finish(&mut report);
    report.found.is_empty()
}
