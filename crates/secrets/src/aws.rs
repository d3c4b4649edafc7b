//! AWS access keys: an id, and near it a secret that is not one of AWS's own examples.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::{
    base64, chance,
    report::{Class, Hit, KeyId},
    shape::{self, alnum, begins},
};

/// A long-term key with its secret.
const PAIR: &str = "aws-access-key";
/// A temporary key with its secret. Without its session token it opens nothing, but the token is seldom far.
const TEMPORARY: &str = "aws-temporary-key";
/// A secret that says whose it is, with no id near it.
const SECRET: &str = "aws-secret-key";

pub(crate) const IDS: [&str; 3] = [PAIR, TEMPORARY, SECRET];

/// IAM user guide, "Unique ID prefixes". The other prefixes are ids of people and roles, which open nothing.
pub(crate) const ID_ANCHORS: [&str; 2] = ["AKIA", "ASIA"];

/// What the secret is called, in files and in the answers of AWS.
pub(crate) const LABELS: [&str; 11] = [
    "aws_secret_access_key",
    "AWS_SECRET_ACCESS_KEY",
    "aws_secret_key",
    "AWS_SECRET_KEY",
    "awsSecretKey",
    "awsSecretAccessKey",
    "AWSSecretKey",
    "aws.secretKey",
    "SecretAccessKey",
    "secretAccessKey",
    "fs.s3a.secret.key",
];

/// How far around an id its secret is looked for, when something says that it is a secret, and when nothing does.
pub(crate) const NEAR: usize = 1024;
const NEARER: usize = 300;
/// The same in lines: the state of Terraform has the attributes of a key in alphabetical order, one on a line.
const LINES: usize = 16;
const LINES_UNLABELLED: usize = 5;

const ID: usize = 20;
const SECRET_LENGTH: usize = 40;
/// Most bytes of a secret in the text: every character may be escaped (`%2F`).
const LONGEST: usize = SECRET_LENGTH * 3;

/// The id that begins at `at`. Ids made today use base32 (`A` to `Z`, `2` to `7`); older ones have other digits too.
fn id(text: &[u8], at: usize) -> Option<KeyId> {
    let end = at.checked_add(ID)?;
    let bytes: [u8; ID] = text.get(at..end)?.try_into().ok()?;
    let whole = bytes.iter().all(|byte| shape::upper(*byte))
        && begins(text, at)
        && text.get(end).is_none_or(|next| !alnum(*next));
    whole.then_some(KeyId::new(bytes))
}

/// An id of AWS's documentation, or one that somebody made up.
fn is_example(id: &KeyId) -> bool {
    let id = id.as_str().as_bytes();
    let chosen = id.get(4..).unwrap_or_default();
    chosen.ends_with(b"EXAMPLE") || chance::stands_in(chosen) || chance::entropy(chosen) < 2.0
}

/// The pair whose id begins at `at`.
pub(crate) fn pair(text: &[u8], at: usize) -> Option<Hit> {
    let key = id(text, at)?;
    if is_example(&key) {
        return None;
    }
    let after = at.checked_add(ID)?;
    let ahead = after..after.saturating_add(NEAR).min(text.len());
    let behind = at.saturating_sub(NEAR)..at;
    let found = has_secret(text, ahead, |token| token.start.saturating_sub(after), true)
        || has_secret(text, behind, |token| at.saturating_sub(token.end), false);
    let rule = if key.as_str().starts_with("ASIA") { TEMPORARY } else { PAIR };
    found.then_some(Hit { rule, class: Class::AccessKey, at, key: Some(key) })
}

/// Whether a secret stands in `range`, with no other id between it and the id that is asked about, from which it is
/// `distance` bytes. `ahead` says on which side of that id the range is.
fn has_secret(text: &[u8], range: Range<usize>, distance: impl Fn(&Range<usize>) -> usize, ahead: bool) -> bool {
    let mut found = false;
    // A run that began before the range is not seen whole.
    let cut = range.start > 0 && !ahead && secret_char(text, range.start.saturating_sub(1));
    let mut at =
        range.start.saturating_add(if cut { shape::run(text, range.start, shape::base64, usize::MAX) } else { 0 });
    while at < range.end {
        if char(text, at).is_none() {
            at = at.saturating_add(1);
            continue;
        }
        let token = token(text, at);
        at = token.range.end.max(at.saturating_add(1));
        if token.range.end > range.end && !ahead {
            break;
        }
        if id(text, token.range.start).is_some() {
            // Ahead, the rest belongs to the other id; behind, what came before does.
            if ahead {
                return found;
            }
            found = false;
            continue;
        }
        found = found || (token.is_secret() && is_near(text, &token.range, distance(&token.range), &range, ahead));
    }
    found
}

fn is_near(text: &[u8], token: &Range<usize>, distance: usize, range: &Range<usize>, ahead: bool) -> bool {
    let between = if ahead { range.start..token.start } else { token.end..range.end };
    let lines = memchr::memchr_iter(b'\n', text.get(between).unwrap_or_default()).count();
    let labelled = is_labelled(text, token.start);
    lines <= if labelled { LINES } else { LINES_UNLABELLED } && (labelled || distance <= NEARER)
}

/// Whether something shortly before `at` calls it a secret.
fn is_labelled(text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(48)..at).unwrap_or_default();
    [b"secret".as_slice(), b"access"]
        .iter()
        .any(|word| before.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word)))
}

/// The secret that the label ending at `end` names, when no id stands near it: with one, it is [`pair`]'s.
pub(crate) fn labelled(text: &[u8], at: usize, end: usize) -> Option<Hit> {
    // `=`, `:`, `=>`, quotes, the end of an XML tag.
    let gap =
        |byte: u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b'=' | b':' | b'>' | b'<' | b'(' | b',');
    let start = end.checked_add(shape::run(text, end, gap, 16))?;
    let token = token(text, start);
    if start == end || !token.is_secret() {
        return None;
    }
    let around = start.saturating_sub(NEAR)..start.saturating_add(NEAR);
    let has_id = |range: Range<usize>| {
        let near = text.get(range.start..range.end.min(text.len())).unwrap_or_default();
        ID_ANCHORS.iter().any(|anchor| {
            memchr::memmem::find_iter(near, anchor)
                .any(|found| id(text, range.start.saturating_add(found)).is_some_and(|id| !is_example(&id)))
        })
    };
    (!has_id(around)).then_some(Hit { rule: SECRET, class: Class::Token, at, key: None })
}

/// The pair whose id is all of `decoded`, which stands in base64 at `at` of `text`, with its secret in base64 near it: the two
/// entries of a Kubernetes secret.
pub(crate) fn encoded(text: &[u8], at: usize, decoded: &[u8]) -> Option<Hit> {
    let key = id(decoded, 0).filter(|key| decoded.len() == ID && !is_example(key))?;
    let range = at.saturating_sub(NEAR)..at.saturating_add(NEAR).min(text.len());
    let mut found = false;
    base64::exactly(text, range, 54, b"==", &mut |decoded| {
        let token = token(decoded, 0);
        found = found || (token.range == (0..decoded.len()) && token.is_secret());
    });
    let rule = if key.as_str().starts_with("ASIA") { TEMPORARY } else { PAIR };
    found.then_some(Hit { rule, class: Class::AccessKey, at, key: Some(key) })
}

/// A run of the alphabet of secrets.
struct Token {
    range: Range<usize>,
    /// The first characters, escapes undone; one more than a secret has.
    chars: Zeroizing<[u8; SECRET_LENGTH + 1]>,
    count: usize,
    ends: bool,
}

impl Token {
    fn is_secret(&self) -> bool {
        let chars = self.chars.get(..SECRET_LENGTH).unwrap_or_default();
        self.count == SECRET_LENGTH && self.ends && looks_random(chars) && !chance::stands_in(chars)
    }
}

/// Whether forty characters are a secret rather than a path, a name in camel case or a digest in hexadecimal. The bounds cost
/// fewer than one in a thousand random secrets.
pub(crate) fn looks_random(secret: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| secret.iter().any(sort);
    has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && chance::turns(secret) >= 15
        && chance::entropy(secret) >= 4.1
}

fn secret_char(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|byte| shape::base64(*byte))
}

/// The character of a secret that begins at `at`, and how many bytes it takes.
fn char(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match text.get(at..)? {
        [byte, ..] if shape::base64(*byte) => Some((*byte, 1)),
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'%', b'2', b'F' | b'f', ..] => Some((b'/', 3)),
        [b'%', b'2', b'B' | b'b', ..] => Some((b'+', 3)),
        _ => None,
    }
}

/// The run at `at`, with what escapes in it stand for: `\/` in JSON, `%2F` and `%2B` in URLs. Letters that end an escape before
/// it (`\n`, `\u0022`, `%3D`) are none of its own.
fn token(text: &[u8], at: usize) -> Token {
    let mut token = Token { range: at..at, chars: Zeroizing::new([0; SECRET_LENGTH + 1]), count: 0, ends: false };
    let start = match text.get(..at).unwrap_or_default() {
        [.., b'\\'] => match text.get(at..).unwrap_or_default() {
            [b'n' | b'r' | b't', ..] => at.saturating_add(1),
            [b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(|byte| shape::hex(*byte)) => at.saturating_add(5),
            _ => at,
        },
        [.., b'%'] if shape::run(text, at, shape::hex, 2) == 2 => at.saturating_add(2),
        _ => at,
    };
    let mut next = start;
    let limit = start.saturating_add(LONGEST.saturating_add(3));
    while next < limit {
        let Some((char, wide)) = char(text, next) else { break };
        if let Some(place) = token.chars.get_mut(token.count) {
            *place = char;
        }
        token.count = token.count.saturating_add(1);
        next = next.saturating_add(wide);
    }
    // Padding says base64 of something else; an underscore or a hyphen says an identifier, or another alphabet.
    let joined = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'_' | b'-'));
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    token.ends = !joined(before) && !joined(text.get(next)) && text.get(next) != Some(&b'=');
    token.range = start..next;
    token
}
