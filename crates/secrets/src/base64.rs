//! Base64 that holds text: a credentials file in a Kubernetes secret, a key in user data. One level: what is encoded twice is
//! somebody's wish to hide it, and there is no end to those.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::{escape, shape};

/// Least characters of a run: those of an access key's id.
const LEAST: usize = 27;
/// Most bytes that are decoded at a time: of 2,048 characters, so that the next piece begins where it should.
const MOST: usize = 1536;
/// How much of a piece, in characters, is read again with the next: what a key pair takes.
const AGAIN: usize = 512;
/// As soon as so many bytes are no text, the run is none.
const TELLS: usize = 24;

/// Gives `found` what each base64 run that begins in `range` of `text` says, if that is text, and where it begins. Lines of one
/// run are read together; a long run is read in pieces that overlap.
pub(crate) fn texts(text: &[u8], range: Range<usize>, found: &mut dyn FnMut(usize, &[u8])) {
    let mut decoded = Zeroizing::new([0_u8; MOST]);
    let is = |at: usize| text.get(at).is_some_and(|byte| shape::base64(*byte));
    let (mut at, mut floor) = (range.start, range.start);
    while at < range.end {
        // Seen from behind, as most text has a space long before `LEAST` characters: the search leaps over it.
        let last = at.saturating_add(LEAST - 1);
        if !is(last) {
            at = last.saturating_add(1);
            continue;
        }
        let back = shape::run_back(text, last, shape::base64, LEAST - 1);
        if back < LEAST - 1 {
            at = last.saturating_sub(back);
            continue;
        }
        let start = at.saturating_sub(shape::run_back(text, at, shape::base64, at.saturating_sub(floor)));
        // The letter of a `\n` is none of the line's own.
        let start = start.saturating_add(escape::tail(text, start));
        // A run that the window before has begun may be cut anywhere.
        let cut = start == range.start && start.checked_sub(1).is_some_and(is);
        let piece = (0..if cut { 4 } else { 1 })
            .map(|shift| decode(text, start.saturating_add(shift), &mut decoded))
            .find(|piece| piece.count > 0)
            .unwrap_or_else(|| Piece::none(text, start));
        // Up to where it stops to be text: a word on the line after may have been taken for more of it.
        let text_end = decoded.iter().take(piece.count).take_while(|byte| is_char(**byte)).count();
        let bytes = decoded.get(..text_end).unwrap_or_default();
        if is_text(bytes) {
            found(start, bytes);
        }
        let next = if piece.goes_on { piece.end.saturating_sub(AGAIN) } else { piece.end };
        at = next.max(at.saturating_add(1));
        floor = at;
    }
}

/// What was decoded.
struct Piece {
    end: usize,
    count: usize,
    /// There was more than fits.
    goes_on: bool,
}

impl Piece {
    /// No text: the rest of the run is not either.
    fn none(text: &[u8], at: usize) -> Self {
        Self { end: at.saturating_add(shape::run(text, at, shape::base64, usize::MAX)), count: 0, goes_on: false }
    }
}

fn decode(text: &[u8], mut at: usize, to: &mut [u8; MOST]) -> Piece {
    let (mut bits, mut held, mut count) = (0_u32, 0_u32, 0_usize);
    loop {
        match text.get(at) {
            Some(byte) if shape::base64(*byte) => {
                if count == MOST {
                    return Piece { end: at, count, goes_on: true };
                }
                bits = bits.wrapping_shl(6) | u32::from(value(*byte));
                held = held.saturating_add(6);
                at = at.saturating_add(1);
                if held >= 8 {
                    held = held.saturating_sub(8);
                    if let Some(place) = to.get_mut(count) {
                        *place = bits.wrapping_shr(held).to_le_bytes()[0];
                    }
                    count = count.saturating_add(1);
                    // Most base64 is of bytes that are no text, and that shows at once.
                    if count == TELLS && !is_text(to.get(..count).unwrap_or_default()) {
                        return Piece::none(text, at);
                    }
                }
            }
            // The next line of the same run, when there was a whole line. In a JSON string its end is `\n`.
            Some(b'\r' | b'\n' | b'\\') => {
                let next = line_end(text, at);
                if shape::run(text, next, shape::base64, 1) == 0 || count < 45 {
                    return Piece { end: at, count, goes_on: false };
                }
                at = next;
            }
            _ => return Piece { end: at, count, goes_on: false },
        }
    }
}

/// Where the line end at `at` ends, with the spaces after it: one of a text, or one in a JSON string.
fn line_end(text: &[u8], at: usize) -> usize {
    let mut next = at;
    while let Some((b'\n' | b'\r', wide)) = text.get(next..).and_then(escape::undo) {
        next = next.saturating_add(wide);
    }
    next.saturating_add(shape::run(text, next, |byte| matches!(byte, b'\r' | b'\n' | b' '), 16))
}

/// The bytes that `chars` begin with, as many as fit in `to`.
pub(crate) fn decode_start(chars: &[u8], to: &mut [u8]) {
    for (four, three) in chars.chunks(4).zip(to.chunks_mut(3)) {
        let bits = four.iter().fold(0_u32, |bits, char| bits.wrapping_shl(6) | u32::from(value(*char)));
        let [_, bytes @ ..] = bits.to_be_bytes();
        for (to, byte) in three.iter_mut().zip(bytes) {
            *to = byte;
        }
    }
}

fn value(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' => 62,
        _ => 63,
    }
}

fn is_char(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.len() >= 16 && bytes.iter().all(|byte| is_char(*byte))
}

/// Gives `found` what each run in `range` of `text` says that is base64 of 40, 41 or 42 bytes: a secret, alone or with the line
/// end that `echo` puts after it.
pub(crate) fn secrets(text: &[u8], range: Range<usize>, found: &mut dyn FnMut(&[u8])) {
    let mut decoded = Zeroizing::new([0_u8; MOST]);
    let mut at = range.start;
    while at < range.end {
        let long = shape::run(text, at, shape::base64, usize::MAX);
        let end = at.saturating_add(long);
        let padding: &[u8] = match long {
            54 => b"==",
            55 => b"=",
            _ => b"",
        };
        if (54..=56).contains(&long) && text.get(end..).is_some_and(|rest| rest.starts_with(padding)) {
            let piece = decode(text, at, &mut decoded);
            found(decoded.get(..piece.count).unwrap_or_default());
        }
        at = end.saturating_add(1);
    }
}
