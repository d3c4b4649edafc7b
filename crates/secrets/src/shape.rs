//! How a token is built after its prefix: literal text and runs of an alphabet. Each run takes all it can, so that a shape
//! needs no way back; the data is written accordingly.

use crate::escape;

/// An alphabet.
pub(crate) type Alphabet = fn(u8) -> bool;

/// One part of a token.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// Exactly this.
    Text(&'static str),
    /// So many of an alphabet.
    Run(Alphabet, usize, usize),
    /// A run that may be there.
    Maybe(Alphabet, usize),
}

pub(crate) fn digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

pub(crate) fn lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

pub(crate) fn hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

pub(crate) fn lower(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z')
}

pub(crate) fn upper(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z')
}

pub(crate) fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

pub(crate) fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Letters, digits, `_`.
pub(crate) fn word(byte: u8) -> bool {
    alnum(byte) || byte == b'_'
}

/// Letters, digits, `_`, `-`: also the alphabet of base64 in URLs.
pub(crate) fn dash(byte: u8) -> bool {
    word(byte) || byte == b'-'
}

/// As [`dash`], and `.`, `=`.
pub(crate) fn dotted(byte: u8) -> bool {
    dash(byte) || matches!(byte, b'.' | b'=')
}

/// As [`dash`], and `~`, `.`.
pub(crate) fn tilde(byte: u8) -> bool {
    dash(byte) || matches!(byte, b'~' | b'.')
}

pub(crate) fn base64(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'+' | b'/')
}

pub(crate) fn base64_lines(byte: u8) -> bool {
    base64(byte) || matches!(byte, b'=')
}

pub(crate) fn equals(byte: u8) -> bool {
    byte == b'='
}

/// How many bytes of `alphabet` stand at `at`, up to `most`.
pub(crate) fn run(text: &[u8], at: usize, alphabet: Alphabet, most: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(most).take_while(|byte| alphabet(**byte)).count()
}

/// How many bytes of `alphabet` stand before `at`, up to `most`.
pub(crate) fn run_back(text: &[u8], at: usize, alphabet: Alphabet, most: usize) -> usize {
    text.get(..at).unwrap_or_default().iter().rev().take(most).take_while(|byte| alphabet(**byte)).count()
}

/// Where the token whose parts begin at `at` ends; `None` when there is none, or when it would go on.
pub(crate) fn end(parts: &[Part], text: &[u8], mut at: usize) -> Option<usize> {
    let mut last: Alphabet = alnum;
    for part in parts {
        match *part {
            Part::Text(wanted) => {
                text.get(at..)?.starts_with(wanted.as_bytes()).then_some(())?;
                at = at.checked_add(wanted.len())?;
                last = alnum;
            }
            Part::Run(alphabet, least, most) => {
                let found = run(text, at, alphabet, most);
                (found >= least).then_some(())?;
                at = at.checked_add(found)?;
                last = alphabet;
            }
            Part::Maybe(alphabet, most) => at = at.checked_add(run(text, at, alphabet, most))?,
        }
    }
    // One more of the same, and it is something else that only begins like a token.
    text.get(at).is_none_or(|next| !last(*next)).then_some(at)
}

/// Whether nothing before `at` belongs to the word that begins there. An escape ends in letters or digits that are no part of
/// it: see [`escape::ending`].
pub(crate) fn begins(text: &[u8], at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.last().is_none_or(|last| !word(*last)) || escape::ending(before).is_some()
}
