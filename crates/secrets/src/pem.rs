//! Private keys in PEM, OpenSSH, PGP and PuTTY form: with their bodies, for a header alone stands in every program that reads keys.

use zeroize::Zeroizing;

use crate::{
    base64, chance, escape,
    report::{Class, Hit},
    shape,
};

const PLAIN: &str = "private-key";
const ENCRYPTED: &str = "encrypted-private-key";
const PUTTY: &str = "putty-private-key";
const AGE: &str = "age-secret-key";

pub(crate) const IDS: [&str; 4] = [PLAIN, ENCRYPTED, PUTTY, AGE];

pub(crate) const PEM_ANCHOR: &str = "-----BEGIN";
pub(crate) const PUTTY_ANCHOR: &str = "PuTTY-User-Key-File-";
pub(crate) const AGE_ANCHOR: &str = "AGE-SECRET-KEY-1";

/// How far after the header the body is read: an RSA key of 2,048 bits in lines that all have something before them.
pub(crate) const NEAR: usize = 2560;
/// Least characters of a body: those of an Ed25519 key, the shortest there is (RFC 8410).
const LEAST: usize = 64;
/// With so many characters a body counts as whole, whatever length it says: less is public in an RSA key.
const ENOUGH: usize = 256;
/// Most characters of it that are looked at.
const MOST: usize = 2048;
/// What a line of base64 has at least: anything shorter is a word of whatever stands around it, or a last line, which may be
/// missing.
const LINE: usize = 16;
/// Most bytes between two lines of base64: quotes, signs that join strings or begin comments, tags of HTML and of Word, the time
/// and place that a log puts before each line.
const GAP: usize = 96;

/// What begins an OpenSSH key: `openssh-key-v1\0`, then the cipher; this one is `none`.
const OPENSSH: &[u8] = b"b3BlbnNzaC1rZXktdjE";
const OPENSSH_PLAIN: &[u8] = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";

/// What may stand before the body (RFC 1421, RFC 9580).
const HEADERS: [&[u8]; 7] =
    [b"Proc-Type:", b"DEK-Info:", b"Version:", b"Comment:", b"Charset:", b"Hash:", b"MessageID:"];

/// The key whose header begins at `at`; `start` is where the anchor ended.
pub(crate) fn pem(text: &[u8], at: usize, start: usize) -> Option<Hit> {
    let rest = text.get(start..start.checked_add(NEAR)?.min(text.len()))?;
    let label_end = memchr::memmem::find(rest.get(..rest.len().min(72))?, b"-----")?;
    let label = rest.get(..label_end)?;
    // In a URL a space is `+` or `%20`.
    let label = [b" ".as_slice(), b"+", b"%20"].iter().find_map(|space| label.strip_prefix(*space))?;
    let names = [b"PRIVATE KEY".as_slice(), b"PRIVATE+KEY", b"PRIVATE%20KEY"];
    if !names.iter().any(|name| memchr::memmem::find(label, name).is_some()) {
        return None;
    }
    let pgp = label.starts_with(b"PGP");
    let mut body = Body::default();
    body.read(rest.get(label_end.checked_add(5)?..)?);
    let chars = body.chars();
    let openssh = chars.starts_with(OPENSSH);
    let least = if body.encrypted || pgp {
        LEAST
    } else if openssh {
        ENOUGH
    } else {
        der(chars)?
    };
    // A secret-key packet of PGP, with the old header or the new one (RFC 9580, 4.2 and 5.5.1.3).
    let shaped = !pgp || chars.starts_with(b"l") || chars.starts_with(b"x");
    let whole = chars.len() >= LEAST && chars.len().saturating_add(LINE) > least.min(ENOUGH);
    if !whole || !shaped || chance::entropy(chars) < 3.5 || fills(chars) {
        return None;
    }
    let encrypted = body.encrypted || label.starts_with(b"ENCRYPTED") || (openssh && !chars.starts_with(OPENSSH_PLAIN));
    let (rule, class) = if encrypted { (ENCRYPTED, Class::EncryptedKey) } else { (PLAIN, Class::PrivateKey) };
    Some(Hit { rule, class, at, key: None })
}

/// How many characters the key that begins with `chars` has, by its own account: a DER sequence (X.690, 8.1.3) that begins with
/// the version's number or, where it is encrypted, with the sequence that says how (RFC 5958).
fn der(chars: &[u8]) -> Option<usize> {
    let mut decoded = Zeroizing::new([0_u8; 9]);
    base64::decode_start(chars, decoded.as_mut_slice());
    let (length, inner) = match *decoded.as_slice() {
        [0x30, length @ 0..=0x7F, ref inner @ ..] => (usize::from(length).saturating_add(2), inner),
        [0x30, 0x81, length, ref inner @ ..] => (usize::from(length).saturating_add(3), inner),
        [0x30, 0x82, high, low, ref inner @ ..] => {
            (usize::from(u16::from_be_bytes([high, low])).saturating_add(4), inner)
        }
        _ => return None,
    };
    matches!(inner, [0x02, 0x01, ..] | [0x30, ..]).then(|| length.div_ceil(3).saturating_mul(4))
}

/// A body that somebody typed to fill the place: a word that says so, or the same few characters for half a line.
fn fills(chars: &[u8]) -> bool {
    const SAME: usize = 32;
    let says = |word: &[u8]| chars.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    let repeats = |period: usize| {
        let same = chars.iter().zip(chars.iter().skip(period)).map(|(one, next)| one == next);
        same.scan(0, |run: &mut usize, same| {
            *run = if same { run.saturating_add(1) } else { 0 };
            Some(*run)
        })
        .any(|run| run >= SAME)
    };
    [b"example".as_slice(), b"placeholder", b"redacted", b"abcdefghij", b"0123456789"].iter().any(|word| says(word))
        || (1..=4).any(repeats)
}

struct Body {
    chars: Zeroizing<[u8; MOST]>,
    count: usize,
    /// Where the run of base64 that is being read began.
    line: usize,
    encrypted: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self { chars: Zeroizing::new([0; MOST]), count: 0, line: 0, encrypted: false }
    }
}

impl Body {
    fn chars(&self) -> &[u8] {
        self.chars.get(..self.count).unwrap_or_default()
    }

    /// The lines of base64 in `rest`, up to the next `-----`, through whatever stands between them. What stands there need not
    /// be known, as long as it is short: see [`LINE`] and [`GAP`].
    fn read(&mut self, mut rest: &[u8]) {
        let mut gap = 0_usize;
        while self.count < MOST && gap <= GAP && !rest.is_empty() && !rest.starts_with(b"-----") {
            let (char, wide) = match rest {
                [byte, ..] if shape::base64(*byte) => (Some(*byte), 1),
                // PowerShell's line end.
                [b'`', b'n' | b'r', ..] => (None, 2),
                _ => match escape::undo(rest) {
                    Some((char @ (b'/' | b'+'), wide)) => (Some(char), wide),
                    Some((_, wide)) => (None, wide),
                    None => (None, 1),
                },
            };
            let header = if self.count == 0 && char.is_some() { self.header(rest) } else { None };
            if let Some(wide) = header {
                rest = rest.get(wide..).unwrap_or_default();
                continue;
            }
            match char {
                Some(char) => self.add(char),
                None => gap = self.end_line(gap).saturating_add(wide),
            }
            rest = rest.get(wide..).unwrap_or_default();
        }
        self.end_line(0);
    }

    fn add(&mut self, char: u8) {
        // A sign before the body: of a diff, a comment or a string that goes on. No key begins with one.
        if self.count == 0 && matches!(char, b'+' | b'/') {
            return;
        }
        if let Some(place) = self.chars.get_mut(self.count) {
            *place = char;
            self.count = self.count.saturating_add(1);
        }
    }

    /// Takes the run of base64 that ends here as a line, or takes it back; then the gap of `gap` bytes goes on.
    fn end_line(&mut self, gap: usize) -> usize {
        let long = self.count.saturating_sub(self.line);
        let gap = if long >= LINE {
            0
        } else {
            self.count = self.line;
            gap.saturating_add(long)
        };
        self.line = self.count;
        gap
    }

    /// How long the header (`Proc-Type: 4,ENCRYPTED`, `Version: …`) is that begins here.
    fn header(&mut self, rest: &[u8]) -> Option<usize> {
        let name = HEADERS.iter().find(|name| rest.starts_with(name))?;
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\\' | b'"' | b'\'' | b'`' | b'<' | b'&' | b'%');
        let end = rest.iter().take(160).position(ends)?;
        self.encrypted = self.encrypted || (*name == b"Proc-Type:" && rest.get(..end)?.ends_with(b"ENCRYPTED"));
        Some(end)
    }
}

/// PuTTY's own form, whose header says whether it is encrypted.
pub(crate) fn putty(text: &[u8], at: usize, start: usize) -> Option<Hit> {
    let rest = text.get(start..start.checked_add(NEAR)?.min(text.len()))?;
    let has = |word: &[u8]| memchr::memmem::find(rest, word).is_some();
    if !has(b"Public-Lines: ") {
        return None;
    }
    let (rule, class) =
        if has(b"Encryption: none") { (PUTTY, Class::PrivateKey) } else { (ENCRYPTED, Class::EncryptedKey) };
    Some(Hit { rule, class, at, key: None })
}

/// A secret key of age: bech32 in upper case.
pub(crate) fn age(text: &[u8], at: usize, start: usize) -> Option<Hit> {
    let bech32 = |byte: u8| b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".contains(&byte);
    let end = shape::end(&[shape::Part::Run(bech32, 58, 58)], text, start)?;
    let random = chance::entropy(text.get(start..end)?) >= 3.5;
    random.then_some(Hit { rule: AGE, class: Class::PrivateKey, at, key: None })
}
