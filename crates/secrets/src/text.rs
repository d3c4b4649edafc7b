//! Which encoding a text is in. All that is searched for is ASCII, so what is none in UTF-16 becomes one byte that never matches.
//! UTF-16 in the middle of something else is the detector's to find, by its anchors.

/// An encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// ASCII, UTF-8, or anything else that has ASCII in it.
    Bytes,
    /// UTF-16, the low byte first: what PowerShell's `>` writes.
    LittleEndian,
    /// UTF-16, the high byte first.
    BigEndian,
}

/// How many bytes are looked at to tell.
pub(crate) const SNIFF: usize = 64;

/// What `head`, the first bytes of a text, is in: by its byte order mark, or by every other byte being zero.
pub(crate) fn encoding(head: &[u8]) -> Encoding {
    match head {
        [0xFF, 0xFE, ..] => return Encoding::LittleEndian,
        [0xFE, 0xFF, ..] => return Encoding::BigEndian,
        _ => {}
    }
    let zeros = |odd: usize| {
        let half = head.iter().take(SNIFF).skip(odd).step_by(2);
        let (count, zero) = half.fold((0_usize, 0_usize), |(count, zero), byte| {
            (count.saturating_add(1), zero.saturating_add(usize::from(*byte == 0)))
        });
        count >= 8 && zero.saturating_mul(8) >= count.saturating_mul(7)
    };
    match (zeros(0), zeros(1)) {
        (false, true) => Encoding::LittleEndian,
        (true, false) => Encoding::BigEndian,
        _ => Encoding::Bytes,
    }
}

/// The byte that the UTF-16 unit of these two bytes stands for.
pub(crate) fn narrow(encoding: Encoding, first: u8, second: u8) -> u8 {
    const NO_MATCH: u8 = 0xFF;
    let (low, high) = if encoding == Encoding::BigEndian { (second, first) } else { (first, second) };
    if high == 0 && low.is_ascii() { low } else { NO_MATCH }
}
