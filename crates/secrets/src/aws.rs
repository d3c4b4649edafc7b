//! AWS access keys: an id, and near it a secret that is not one of AWS's own examples.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::{
    base64, chance, escape,
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

/// What the secret is called, in files, in the answers of AWS and in its console.
pub(crate) const LABELS: [&str; 13] = [
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
    "Secret access key",
    "Secret Access Key",
];

/// How far from its id a secret may stand, in bytes and in lines.
#[derive(Clone, Copy)]
struct Reach {
    bytes: usize,
    lines: usize,
}

/// When nothing says that it is a secret.
const UNLABELLED: Reach = Reach { bytes: 300, lines: 5 };
/// When something does: the state of Terraform has the attributes of a key in alphabetical order, one on a line.
const LABELLED: Reach = Reach { bytes: 1024, lines: 16 };
/// When the id is labelled too: s3cmd writes all its options in alphabetical order, and 66 lines with 1,719 bytes stand between
/// `access_key` and `secret_key`; the answer of STS can have the session token between them.
const BOTH_LABELLED: Reach = Reach { bytes: 2048, lines: 96 };
/// The farthest of these.
pub(crate) const NEAR: usize = BOTH_LABELLED.bytes;
/// How far from a secret the id of another service makes it that service's: a session token may stand between them.
const BESIDE: usize = 640;
/// How far before a value its label may begin.
const LABEL: usize = 80;

const ID: usize = 20;
const SECRET_LENGTH: usize = 40;
/// Most bytes of a secret in the text: every character may be escaped (`\u002F`), and a line of mail may end in it.
pub(crate) const LONGEST: usize = SECRET_LENGTH * 6 + 3;

/// The id that begins at `at`, or one of another service that has the form of AWS's: see [`is_of_aws`]. Ids made today use base32
/// (`A` to `Z`, `2` to `7`); older ones have other digits too.
fn id(text: &[u8], at: usize) -> Option<KeyId> {
    let end = at.checked_add(ID)?;
    let bytes: [u8; ID] = text.get(at..end)?.try_into().ok()?;
    let whole = bytes.iter().all(|byte| shape::upper(*byte))
        && begins(text, at)
        && text.get(end).is_none_or(|next| !alnum(*next));
    whole.then_some(KeyId::new(bytes))
}

/// Whether this is the id of an access key.
fn is_of_aws(id: &KeyId) -> bool {
    ID_ANCHORS.iter().any(|anchor| id.as_str().starts_with(anchor))
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
    let far = if is_named(text, at) { BOTH_LABELLED.bytes } else { LABELLED.bytes };
    let ahead = after..after.saturating_add(far).min(text.len());
    let behind = at.saturating_sub(far)..at;
    let found = has_secret(text, ahead, at, true) || has_secret(text, behind, at, false);
    let rule = if key.as_str().starts_with("ASIA") { TEMPORARY } else { PAIR };
    found.then_some(Hit { rule, class: Class::AccessKey, at, key: Some(key) })
}

/// Whether a secret of the id at `id_at` stands in `range`, with no other id between them. `ahead` says on which side of the id
/// the range is.
fn has_secret(text: &[u8], range: Range<usize>, id_at: usize, ahead: bool) -> bool {
    let mut found = false;
    let mut at = range.start;
    if ahead {
        // `id/secret`: the sign that parts them could be the secret's own.
        at = at.saturating_add(shape::run(text, at, |byte| matches!(byte, b'/' | b'+'), 1));
    } else if let Some(other) = last_id(text, range.clone()) {
        at = other.saturating_add(ID);
    } else if range.start > 0 && secret_char(text, range.start.saturating_sub(1)) {
        // A run that began before the range is not seen whole.
        at = at.saturating_add(shape::run(text, at, shape::base64, NEAR));
    }
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
        found = found || (token.is_secret() && is_near(text, &token.range, id_at));
    }
    found
}

/// Whether the secret at `token` is near enough to the id at `id_at` to be its own.
fn is_near(text: &[u8], token: &Range<usize>, id_at: usize) -> bool {
    let id_end = id_at.saturating_add(ID);
    let between = if token.start >= id_end { id_end..token.start } else { token.end..id_at };
    let distance = between.end.saturating_sub(between.start);
    let lines = memchr::memchr_iter(b'\n', text.get(between).unwrap_or_default()).count();
    let reach = if is_named(text, id_at) && says(line_before(text, token.start), b"secret") {
        BOTH_LABELLED
    } else if is_labelled(text, token.start) {
        LABELLED
    } else {
        UNLABELLED
    };
    distance <= reach.bytes && lines <= reach.lines
}

/// What stands shortly before `at`.
fn before(text: &[u8], at: usize) -> &[u8] {
    text.get(at.saturating_sub(LABEL)..at).unwrap_or_default()
}

/// The same, on its own line only.
fn line_before(text: &[u8], at: usize) -> &[u8] {
    let before = before(text, at);
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end.saturating_add(1));
    before.get(start..).unwrap_or_default()
}

fn says(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether something on the line before `at` calls it the id of a key.
fn is_named(text: &[u8], at: usize) -> bool {
    says(line_before(text, at), b"access")
}

/// Whether something shortly before `at` calls it a secret.
fn is_labelled(text: &[u8], at: usize) -> bool {
    says(before(text, at), b"secret") || says(before(text, at), b"access")
}

/// `=`, `:`, `=>`, quotes, the end of an XML tag: what stands between a label and its value.
fn is_gap(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b'=' | b':' | b'>' | b'<' | b'(' | b',')
}

/// The secret that the label ending at `end` names, unless the id near it makes it [`pair`]'s, an example, or no secret of AWS.
pub(crate) fn labelled(text: &[u8], at: usize, end: usize) -> Option<Hit> {
    let start = end.checked_add(shape::run(text, end, is_gap, 16))?;
    let token = token(text, start);
    if start == end || !token.is_secret() {
        return None;
    }
    let (start, end) = (token.range.start, token.range.end);
    let beside = |id_at: usize| {
        let distance = if id_at < start { start.saturating_sub(id_at) } else { id_at.saturating_sub(end) };
        let example = id(text, id_at).is_some_and(|id| is_example(&id));
        if example { distance <= UNLABELLED.bytes } else { is_near(text, &token.range, id_at) }
    };
    let whose = last_id(text, start.saturating_sub(NEAR)..start).is_some_and(beside)
        || first_id(text, end..end.saturating_add(NEAR)).is_some_and(beside)
        || has_other_id(text, &token.range);
    (!whose).then_some(Hit { rule: SECRET, class: Class::Token, at, key: None })
}

/// Where the first id in `range` is.
fn first_id(text: &[u8], range: Range<usize>) -> Option<usize> {
    let near = text.get(range.start..range.end.min(text.len()))?;
    memchr::memmem::find_iter(near, ANCHORS_END).find_map(|found| id_around(text, range.start.checked_add(found)?))
}

/// Where the last id in `range` is.
fn last_id(text: &[u8], range: Range<usize>) -> Option<usize> {
    let near = text.get(range.start..range.end.min(text.len()))?;
    memchr::memmem::rfind_iter(near, ANCHORS_END).find_map(|found| id_around(text, range.start.checked_add(found)?))
}

/// What both [`ID_ANCHORS`] end with.
const ANCHORS_END: &[u8] = b"IA";

/// Where the id is whose anchor has its end at `at`.
fn id_around(text: &[u8], at: usize) -> Option<usize> {
    let at = at.checked_sub(2)?;
    id(text, at).filter(is_of_aws).map(|_| at)
}

/// Whether a label beside `secret` names the id of its key, and that is none of AWS: MinIO, Ceph and others have the same
/// interface and their own ids.
fn has_other_id(text: &[u8], secret: &Range<usize>) -> bool {
    let from = secret.start.saturating_sub(BESIDE);
    let to = secret.end.saturating_add(BESIDE).min(text.len());
    let near = text.get(from..to).unwrap_or_default();
    let named = |word: &[u8]| {
        memchr::memmem::find_iter(near, word).any(|found| other_id(text, from.saturating_add(found).saturating_sub(1)))
    };
    named(b"ccess") || named(b"CCESS")
}

/// Whether a label (`access_key`, `AccessKeyId`, …) begins at `at` and its value is an id, but none of AWS: sixteen letters and
/// digits or more.
fn other_id(text: &[u8], at: usize) -> bool {
    labelled_id(text, at).is_some_and(|start| {
        let chars = text.get(start..).unwrap_or_default();
        let long = chars.iter().take(129).take_while(|byte| alnum(**byte)).count();
        let (chars, next) = (chars.get(..long).unwrap_or_default(), chars.get(long));
        let ends = |next: &u8| next.is_ascii_whitespace() || b"\"'`\\<,;&})".contains(next);
        (16..=128).contains(&long)
            && chars.iter().any(u8::is_ascii_digit)
            && next.is_none_or(ends)
            && !id(text, start).is_some_and(|id| is_of_aws(&id))
    })
}

/// Where the value begins that the label at `at` gives as the id of a key.
fn labelled_id(text: &[u8], at: usize) -> Option<usize> {
    let part = |at: usize| shape::run(text, at, |byte| matches!(byte, b'_' | b'-' | b'.' | b' '), 1);
    let is = |at: usize, word: &[u8]| {
        text.get(at..at.saturating_add(word.len())).is_some_and(|text| text.eq_ignore_ascii_case(word))
    };
    let whose = text.get(at.saturating_sub(7)..at)?;
    if says(whose, b"secret") {
        return None;
    }
    let key = at.checked_add(6)?;
    let key = key.checked_add(part(key))?;
    let end = key.checked_add(3).filter(|_| is(key, b"key"))?;
    let name = end.checked_add(part(end))?;
    let end = if is(name, b"id") { name.checked_add(2)? } else { end };
    let start = end.checked_add(shape::run(text, end, is_gap, 16))?;
    (start > end).then_some(start)
}

/// The pair whose id is all of `decoded`, which stands in base64 at `at` of `text`, with its secret in base64 near it: the two
/// entries of a Kubernetes secret, each with a line end after it where `echo` made it.
pub(crate) fn encoded(text: &[u8], at: usize, decoded: &[u8]) -> Option<Hit> {
    let key =
        id(decoded, 0).filter(is_of_aws).filter(|key| decoded.trim_ascii_end().len() == ID && !is_example(key))?;
    let near = LABELLED.bytes;
    let range = at.saturating_sub(near)..at.saturating_add(near).min(text.len());
    let mut found = false;
    base64::secrets(text, range, &mut |decoded| {
        let decoded = decoded.trim_ascii_end();
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
        rest @ [b'\\' | b'%' | b'&', ..] => escape::undo(rest).filter(|(char, _)| matches!(char, b'/' | b'+')),
        _ => None,
    }
}

/// The line end in mail that is none (RFC 2045, "soft line break"), at `at`: how many bytes it takes.
fn soft_break(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..)? {
        [b'=', b'\n', ..] => Some(2),
        [b'=', b'\r', b'\n', ..] => Some(3),
        _ => None,
    }
}

/// The run at `at`, with what escapes in it stand for. What ends an escape before it is none of its own.
fn token(text: &[u8], at: usize) -> Token {
    let start = at.saturating_add(escape::tail(text, at));
    let token = whole(text, start);
    // In mail `=3D` is a sign, unless these are two of the secret's own.
    let signed = token.count == SECRET_LENGTH + 2
        && text.get(..start.saturating_add(2)).is_some_and(|text| text.ends_with(b"=3D"));
    if signed { whole(text, start.saturating_add(2)) } else { token }
}

/// The run that begins at `start`.
fn whole(text: &[u8], start: usize) -> Token {
    let mut token = Token { range: start..start, chars: Zeroizing::new([0; SECRET_LENGTH + 1]), count: 0, ends: false };
    let mut next = start;
    let limit = start.saturating_add(LONGEST);
    let mut broken = false;
    while next < limit {
        let Some((char, wide)) = char(text, next) else {
            let over = soft_break(text, next).map(|wide| next.saturating_add(wide));
            match over.filter(|over| !broken && token.count > 0 && secret_char(text, *over)) {
                Some(over) => next = over,
                None => break,
            }
            broken = true;
            continue;
        };
        if let Some(place) = token.chars.get_mut(token.count) {
            *place = char;
        }
        token.count = token.count.saturating_add(1);
        next = next.saturating_add(wide);
    }
    // The rest of a long run is no run of its own.
    next = next.saturating_add(if next < limit { 0 } else { shape::run(text, next, shape::base64, NEAR) });
    // Padding says base64 of something else; an underscore or a hyphen says an identifier, or another alphabet.
    let joined = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'_' | b'-'));
    let before = start.checked_sub(1).and_then(|at| text.get(at));
    let padded = text.get(next) == Some(&b'=') && soft_break(text, next).is_none();
    token.ends = !joined(before) && !joined(text.get(next)) && !padded;
    token.range = start..next;
    token
}
