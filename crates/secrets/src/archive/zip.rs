//! zip (APPNOTE.TXT 6.3.10), from front to back: the local headers say all that is needed, and the directory at the end is not
//! waited for. Office documents, Java archives and Python wheels are zips too.

use flate2::{Decompress, FlushDecompress, Status};
use zeroize::Zeroizing;

use super::{Node, State};
use crate::report::Unread;

/// A local header without name and extra fields.
const HEADER: usize = 30;
/// Most bytes of a name that are shown.
const NAME: usize = 200;

pub(super) struct Zip {
    depth: u8,
    /// The archive's own name, when it is a member itself.
    outer: Option<String>,
    step: Step,
}

enum Step {
    /// Up to the next signature. What is skipped belongs to a stored member of unknown size, when there is one.
    Seek {
        seen: [u8; 4],
        stored: Option<Box<Node>>,
    },
    Header(Vec<u8>),
    /// Name and extra fields.
    Names {
        header: Header,
        names: Vec<u8>,
    },
    Stored {
        left: u64,
        member: Box<Node>,
    },
    Deflated {
        inflater: Box<Decompress>,
        member: Box<Node>,
    },
    Skip(u64),
    /// The directory has begun: no member comes after it.
    Directory,
}

/// What a local header says.
#[derive(Clone, Copy)]
struct Header {
    flags: u16,
    method: u16,
    compressed: u64,
    size: u64,
    name: usize,
    extra: usize,
}

impl Zip {
    pub(super) fn new(depth: u8, outer: Option<String>) -> Self {
        Self { depth, outer, step: Step::Seek { seen: [0; 4], stored: None } }
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], state: &mut State) {
        while !bytes.is_empty() && !state.full {
            let used = self.step(bytes, state);
            bytes = bytes.get(used..).unwrap_or_default();
        }
    }

    pub(super) fn finish(self, state: &mut State) {
        match self.step {
            Step::Seek { stored: Some(member), .. } => member.finish(state),
            Step::Stored { member, .. } | Step::Deflated { member, .. } => {
                state.report.skipped(Unread::Damaged);
                member.finish(state);
            }
            _ => {}
        }
    }

    /// Takes some of `bytes`, and says how many.
    fn step(&mut self, bytes: &[u8], state: &mut State) -> usize {
        let step = std::mem::replace(&mut self.step, Step::Directory);
        let (used, next) = match step {
            Step::Seek { seen, stored } => seek(seen, stored, bytes, state),
            Step::Header(mut held) => {
                let used = top_up(&mut held, HEADER, bytes);
                match Header::read(&held) {
                    Some(header) => (used, Step::Names { header, names: Vec::new() }),
                    None => (used, Step::Header(held)),
                }
            }
            Step::Names { header, mut names } => {
                let wanted = header.name.saturating_add(header.extra);
                let used = top_up(&mut names, wanted, bytes);
                let next =
                    if names.len() < wanted { Step::Names { header, names } } else { self.open(header, &names, state) };
                (used, next)
            }
            Step::Stored { left, mut member } => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let part = bytes.get(..used).unwrap_or_default();
                if state.inflates(used) {
                    member.feed(part, state);
                }
                match left.saturating_sub(u64::try_from(used).unwrap_or(u64::MAX)) {
                    0 => {
                        member.finish(state);
                        (used, Step::next())
                    }
                    left => (used, Step::Stored { left, member }),
                }
            }
            Step::Deflated { inflater, member } => inflate(inflater, member, bytes, state),
            Step::Skip(left) => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                match left.saturating_sub(u64::try_from(used).unwrap_or(u64::MAX)) {
                    0 => (used, Step::next()),
                    left => (used, Step::Skip(left)),
                }
            }
            Step::Directory => (bytes.len(), Step::Directory),
        };
        self.step = next;
        used
    }

    fn open(&self, header: Header, names: &[u8], state: &mut State) -> Step {
        let header = header.zip64(names.get(header.name..).unwrap_or_default());
        let known = header.flags & 8 == 0;
        let skip = |state: &mut State, why| {
            state.report.skipped(why);
            if known { Step::skip(header.compressed) } else { Step::next() }
        };
        if header.flags & 1 == 1 {
            return skip(state, Unread::Encrypted);
        }
        if !state.opens() {
            return Step::Directory;
        }
        let name = String::from_utf8_lossy(names.get(..header.name.min(NAME)).unwrap_or_default()).into_owned();
        let name = match &self.outer {
            Some(outer) if outer.len() < NAME => format!("{outer} > {name}"),
            _ => name,
        };
        let member = Box::new(Node::new(self.depth, Some(name)));
        match header.method {
            0 if known && header.compressed == 0 => Step::next(),
            0 if known => Step::Stored { left: header.compressed, member },
            0 => Step::Seek { seen: [0; 4], stored: Some(member) },
            8 => Step::Deflated { inflater: Box::new(Decompress::new(false)), member },
            _ => skip(state, Unread::Compression),
        }
    }
}

impl Step {
    fn next() -> Self {
        Self::Seek { seen: [0; 4], stored: None }
    }

    fn skip(count: u64) -> Self {
        if count == 0 { Self::next() } else { Self::Skip(count) }
    }
}

/// Looks for the next member or the directory, byte by byte: seldom more than a data descriptor is skipped.
fn seek(mut seen: [u8; 4], mut stored: Option<Box<Node>>, bytes: &[u8], state: &mut State) -> (usize, Step) {
    for (at, byte) in bytes.iter().enumerate() {
        let [_, a, b, c] = seen;
        seen = [a, b, c, *byte];
        let next = match seen {
            [b'P', b'K', 3, 4] => Step::Header(seen.to_vec()),
            [b'P', b'K', 1, 2] | [b'P', b'K', 5, 6] => Step::Directory,
            _ => continue,
        };
        let used = at.saturating_add(1);
        if let Some(mut member) = stored.take() {
            give(&mut member, bytes.get(..used).unwrap_or_default(), state);
            member.finish(state);
        }
        return (used, next);
    }
    if let Some(member) = &mut stored {
        give(member, bytes, state);
    }
    (bytes.len(), Step::Seek { seen, stored })
}

fn give(member: &mut Node, bytes: &[u8], state: &mut State) {
    if state.inflates(bytes.len()) {
        member.feed(bytes, state);
    }
}

fn inflate(mut inflater: Box<Decompress>, mut member: Box<Node>, bytes: &[u8], state: &mut State) -> (usize, Step) {
    let mut out = Zeroizing::new([0_u8; 16 * 1024]);
    let before = inflater.total_in();
    let status = loop {
        let used = usize::try_from(inflater.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
        let made = inflater.total_out();
        let status =
            inflater.decompress(bytes.get(used..).unwrap_or_default(), out.as_mut_slice(), FlushDecompress::None);
        let made = usize::try_from(inflater.total_out().saturating_sub(made)).unwrap_or(usize::MAX);
        if made > 0 && state.inflates(made) {
            member.feed(out.get(..made).unwrap_or_default(), state);
        }
        let stuck =
            made == 0 && inflater.total_in().saturating_sub(before) >= u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match status {
            Ok(Status::StreamEnd) | Err(_) => break status.ok(),
            Ok(_) if stuck || state.full => break Some(Status::Ok),
            Ok(Status::BufError) if made == 0 => break Some(Status::Ok),
            Ok(_) => {}
        }
    };
    let used = usize::try_from(inflater.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
    match status {
        Some(Status::StreamEnd) => {
            member.finish(state);
            (used, Step::next())
        }
        Some(_) if state.full => (bytes.len(), Step::Directory),
        Some(_) => (bytes.len(), Step::Deflated { inflater, member }),
        None => {
            state.report.skipped(Unread::Damaged);
            member.finish(state);
            // The next signature may still be found.
            (used.max(1), Step::next())
        }
    }
}

/// Fills `held` up to `wanted`, and says how much of `bytes` that took.
fn top_up(held: &mut Vec<u8>, wanted: usize, bytes: &[u8]) -> usize {
    let used = wanted.saturating_sub(held.len()).min(bytes.len());
    held.extend_from_slice(bytes.get(..used).unwrap_or_default());
    used
}

impl Header {
    fn read(held: &[u8]) -> Option<Self> {
        let short = |at: usize| Some(u16::from_le_bytes(*held.get(at..)?.first_chunk()?));
        let long = |at: usize| Some(u64::from(u32::from_le_bytes(*held.get(at..)?.first_chunk()?)));
        Some(Self {
            flags: short(6)?,
            method: short(8)?,
            compressed: long(18)?,
            size: long(22)?,
            name: usize::from(short(26)?),
            extra: usize::from(short(28)?),
        })
    }

    /// With the sizes of the zip64 extra field, where there is one.
    fn zip64(mut self, mut extra: &[u8]) -> Self {
        const FULL: u64 = 0xFFFF_FFFF;
        while let [a, b, c, d, rest @ ..] = extra {
            let length = usize::from(u16::from_le_bytes([*c, *d]));
            let mut field = rest.get(..length).unwrap_or_default();
            if u16::from_le_bytes([*a, *b]) == 1 {
                let mut next = || {
                    let (value, rest) = field.split_first_chunk()?;
                    field = rest;
                    Some(u64::from_le_bytes(*value))
                };
                if self.size == FULL {
                    self.size = next().unwrap_or(self.size);
                }
                if self.compressed == FULL {
                    self.compressed = next().unwrap_or(self.compressed);
                }
            }
            extra = rest.get(length..).unwrap_or_default();
        }
        self
    }
}
