//! Chance from a seed, and the forms in which an object's text can come.

use std::io::{Cursor, Write as _};

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder},
};

pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next()).unwrap() % bound
    }

    pub(crate) fn text(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }
}

pub(crate) const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(crate) const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(crate) const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub(crate) const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(crate) const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const DASH: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
pub(crate) const HEX: &[u8] = b"0123456789abcdef";
pub(crate) const DIGITS: &[u8] = b"0123456789";

/// The id of a key.
pub(crate) fn id(chance: &mut Chance) -> String {
    format!("AKIA{}", chance.text(BASE32, 16))
}

/// A secret that no bound takes for a word, with a sign of each sort in it.
pub(crate) fn secret(chance: &mut Chance) -> String {
    let sorts: [&[u8]; 3] = [b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", DIGITS];
    let mut text: String = (0..40).map(|at| chance.text(sorts[at % 3], 1)).collect();
    text.replace_range(12..13, "/");
    text.replace_range(26..27, "+");
    text
}

/// The body of a key in PEM: the beginning that its form has, then chance.
pub(crate) fn pem(chance: &mut Chance, label: &str, begins: &str, count: usize, end: &str) -> String {
    let body = format!("{begins}{}", chance.text(BASE64, count - begins.len()));
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----{end}{}{end}-----END {label}-----{end}", lines.join(end))
}

/// Base64, in lines of `width`, or in one.
pub(crate) fn base64(text: &str, width: usize) -> String {
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap();
            out.push(if place > three.len() { '=' } else { char::from(BASE64[value]) });
        }
    }
    if width == 0 {
        return out;
    }
    let lines: Vec<&str> = out.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n    ")
}

type Wrap = fn(&[u8]) -> Vec<u8>;

pub(crate) const WRAPS: &[(&str, Wrap)] = &[
    ("plain", <[u8]>::to_vec),
    ("UTF-8 with a mark", |text| [b"\xEF\xBB\xBF", text].concat()),
    ("UTF-16, low byte first", |text| [vec![0xFF, 0xFE], utf16(text, u16::to_le_bytes)].concat()),
    ("UTF-16, high byte first", |text| [vec![0xFE, 0xFF], utf16(text, u16::to_be_bytes)].concat()),
    ("gzip", gzip),
    ("zip, deflated", |text| zip(&[("a/b.txt", text)], true, false)),
    ("zip, stored", |text| zip(&[("a/b.txt", text)], false, false)),
    ("zip, deflated, sizes after", |text| zip(&[("c.txt", b"nothing here"), ("a/b.txt", text)], true, true)),
    ("zip in gzip", |text| gzip(&zip(&[("b.txt", text)], true, false))),
    ("gzip in zip", |text| zip(&[("readme", b"nothing"), ("b.gz", &gzip(text))], false, false)),
];

pub(crate) fn utf16(text: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.iter().flat_map(|byte| bytes(u16::from(*byte))).collect()
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A zip of `members`, with sizes in a data descriptor when `after`. The directory is only its signature.
pub(crate) fn zip(members: &[(&str, &[u8])], deflated: bool, after: bool) -> Vec<u8> {
    let mut to = Cursor::new(Vec::new());
    for (name, content) in members {
        let data = if deflated {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).unwrap();
            encoder.finish().unwrap()
        } else {
            content.to_vec()
        };
        let size = |length: usize| u32::try_from(if after { 0 } else { length }).unwrap().to_le_bytes();
        to.write_all(b"PK\x03\x04\x14\x00").unwrap();
        to.write_all(&[if after { 8 } else { 0 }, 0, if deflated { 8 } else { 0 }, 0]).unwrap();
        to.write_all(&[0; 8]).unwrap();
        to.write_all(&size(data.len())).unwrap();
        to.write_all(&size(content.len())).unwrap();
        to.write_all(&u16::try_from(name.len()).unwrap().to_le_bytes()).unwrap();
        to.write_all(&[0, 0]).unwrap();
        to.write_all(name.as_bytes()).unwrap();
        to.write_all(&data).unwrap();
        if after {
            to.write_all(b"PK\x07\x08\0\0\0\0").unwrap();
            to.write_all(&u32::try_from(data.len()).unwrap().to_le_bytes()).unwrap();
            to.write_all(&u32::try_from(content.len()).unwrap().to_le_bytes()).unwrap();
        }
    }
    to.write_all(b"PK\x01\x02").unwrap();
    to.into_inner()
}
