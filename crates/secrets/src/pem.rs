//! Private keys in PEM, OpenSSH, PGP and PuTTY form: with their bodies, for a header alone stands in every program that reads keys.

use zeroize::Zeroizing;

use crate::{
    chance,
    report::{Class, Hit},
    shape,
};

const PLAIN: &str = "private-key";
const ENCRYPTED: &str = "encrypted-private-key";
const PUTTY: &str = "putty-private-key";
const AGE: &str = "age-secret-key";

pub(crate) const IDS: [&str; 4] = [PLAIN, ENCRYPTED, PUTTY, AGE];

pub(crate) const PEM_ANCHOR: &str = "-----BEGIN ";
pub(crate) const PUTTY_ANCHOR: &str = "PuTTY-User-Key-File-";
pub(crate) const AGE_ANCHOR: &str = "AGE-SECRET-KEY-1";

/// How far after the header the body is read.
pub(crate) const NEAR: usize = 1536;
/// Least characters of a body: those of an Ed25519 key, the shortest there is (RFC 8410).
const LEAST: usize = 64;
/// Most characters of it that are looked at.
const MOST: usize = 256;

/// What begins an OpenSSH key: `openssh-key-v1\0`, then the cipher; this one is `none`.
const OPENSSH: &[u8] = b"b3BlbnNzaC1rZXktdjE";
const OPENSSH_PLAIN: &[u8] = b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";

/// The key whose header begins at `at`; `start` is where the anchor ended.
pub(crate) fn pem(text: &[u8], at: usize, start: usize) -> Option<Hit> {
    let rest = text.get(start..start.checked_add(NEAR)?.min(text.len()))?;
    let label_end = memchr::memmem::find(rest.get(..rest.len().min(72))?, b"-----")?;
    let label = rest.get(..label_end)?;
    let name = label.strip_suffix(b" BLOCK").unwrap_or(label);
    if !name.ends_with(b"PRIVATE KEY") {
        return None;
    }
    let mut body = Body::default();
    body.read(rest.get(label_end.checked_add(5)?..)?);
    let chars = body.chars();
    let openssh = chars.starts_with(OPENSSH);
    let encrypted = body.encrypted || name.starts_with(b"ENCRYPTED") || (openssh && !chars.starts_with(OPENSSH_PLAIN));
    // Everything but PGP and what is encrypted in the old way is a DER sequence or an OpenSSH key.
    let shaped = body.encrypted || name.starts_with(b"PGP") || openssh || chars.starts_with(b"M");
    if chars.len() < LEAST || !shaped || chance::entropy(chars) < 3.5 || fills(chars) {
        return None;
    }
    let (rule, class) = if encrypted { (ENCRYPTED, Class::EncryptedKey) } else { (PLAIN, Class::PrivateKey) };
    Some(Hit { rule, class, at, key: None })
}

/// A body that somebody typed to fill the place.
fn fills(chars: &[u8]) -> bool {
    let says = |word: &[u8]| chars.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word));
    [b"example".as_slice(), b"placeholder", b"redacted", b"abcdefghij", b"0123456789"].iter().any(|word| says(word))
}

struct Body {
    chars: Zeroizing<[u8; MOST]>,
    count: usize,
    encrypted: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self { chars: Zeroizing::new([0; MOST]), count: 0, encrypted: false }
    }
}

impl Body {
    fn chars(&self) -> &[u8] {
        self.chars.get(..self.count).unwrap_or_default()
    }

    /// Base64, through whatever a file writes around it: line ends, `\n`, quotes, comment signs, headers.
    fn read(&mut self, mut rest: &[u8]) {
        while self.count < MOST {
            rest = match rest {
                [b'\\', b'n' | b'r' | b't', after @ ..] => after,
                [b'\\', b'/', after @ ..] => {
                    self.add(b'/');
                    after
                }
                [b'\\' | b'"' | b'\'' | b'#' | b'*' | b'|' | b'>' | b',' | b';', after @ ..] => after,
                [byte, after @ ..] if byte.is_ascii_whitespace() => after,
                [byte, ..] if shape::base64(*byte) => match self.header(rest) {
                    Some(after) => after,
                    None => {
                        self.add(*byte);
                        rest.get(1..).unwrap_or_default()
                    }
                },
                _ => return,
            };
        }
    }

    fn add(&mut self, byte: u8) {
        // The sign that puts two strings together, before the body has begun.
        if self.count == 0 && byte == b'+' {
            return;
        }
        if let Some(place) = self.chars.get_mut(self.count) {
            *place = byte;
            self.count = self.count.saturating_add(1);
        }
    }

    /// What follows the header (`Proc-Type: 4,ENCRYPTED`, `Version: …`) that begins here; headers stand before the body only.
    fn header<'t>(&mut self, rest: &'t [u8]) -> Option<&'t [u8]> {
        if self.count > 0 {
            return None;
        }
        let colon =
            rest.iter().take(24).position(|byte| !shape::dash(*byte)).filter(|at| rest.get(*at) == Some(&b':'))?;
        let end = rest.iter().enumerate().skip(colon).take(160).position(|(at, byte)| {
            matches!(byte, b'\n' | b'\r')
                || rest.get(at..).is_some_and(|text| text.starts_with(b"\\n") || text.starts_with(b"\\r"))
        })?;
        let end = colon.checked_add(end)?;
        let line = rest.get(..end)?;
        self.encrypted = self.encrypted || (line.starts_with(b"Proc-Type") && line.ends_with(b"ENCRYPTED"));
        rest.get(end..)
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
