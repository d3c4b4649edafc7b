//! Everything that makes text from outside harmless, and nothing else.
//!
//! Two kinds of text reach an output. *Values* come from outside (names, user agents, Sids, error texts, and every
//! sentence that contains one): they go through [`value`]. *Blocks* are the rule book's own prose and snippets: they keep
//! their lines and go through [`block`]. Where the output is chat, [`mrkdwn`], [`code`] and [`code_block`] do the same and
//! take the markup away. Nothing is written in any other way.

use std::fmt::Write as _;

mod mrkdwn;

pub use mrkdwn::{code, code_block, mrkdwn};

/// The three predefined groups of S3 ACLs (S3 user guide, "access control list overview"). They look like links, are
/// fixed words, and are what a public ACL is recognised by, so [`value`] leaves them as they are.
const ACL_GROUPS: [&str; 3] = [
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    "http://acs.amazonaws.com/groups/s3/LogDelivery",
];

/// Whether a reader would not see `c`, or would see others in another place because of it: control characters (ANSI
/// escapes start with one), bidirectional marks and overrides, zero-width and default-ignorable characters, line and
/// paragraph separators, tags, noncharacters.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
                | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}'
                | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
        || (c as u32) & 0xfffe == 0xfffe
}

/// `text` as one harmless line of at most `limit` characters, for people.
///
/// Hidden characters become visible (`\u{1b}`, a line feed `\u{a}`), so that a name with one is not taken for the name without. Nothing
/// in it can become a link in a mail client, chat or terminal: `https://evil.example` is shown as
/// `https[:]//evil[.]example`. AWS service names (`s3.amazonaws.com`) and the predefined ACL groups stay readable. What
/// is too long ends with `… (N more characters)`, which is not counted in `limit`; `N` counts characters of `text`.
///
/// Applying it twice changes nothing, as long as the result is within `limit`.
#[must_use]
pub fn value(text: &str, limit: usize) -> String {
    let mut out = Cut::new(limit);
    let mut rest = text;
    let mut previous = None;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let next = after.chars().next();
        let whole = if previous.is_none_or(|p: char| !is_word(p)) { known_word(rest, previous) } else { None };
        let (taken, piece) = match whole {
            Some(word) => (word.len(), word.to_owned()),
            None => (c.len_utf8(), visible(c, previous, next, after)),
        };
        let taken = rest.get(..taken).unwrap_or(rest);
        if !out.push(&piece) {
            return out.finish(rest);
        }
        previous = taken.chars().next_back();
        rest = rest.get(taken.len()..).unwrap_or_default();
    }
    out.finish("")
}

/// `text` as one visible line of at most `limit` characters, like [`value`] but with links left alone: for a person's own
/// input, shown back on their own terminal, where it must stay fit for copying.
#[must_use]
pub fn line(text: &str, limit: usize) -> String {
    let mut out = Cut::new(limit);
    let mut rest = text.chars();
    loop {
        let before = rest.as_str();
        let Some(c) = rest.next() else { return out.finish("") };
        if !out.push(&if is_hidden(c) { hexadecimal(c) } else { c.to_string() }) {
            return out.finish(before);
        }
    }
}

/// `text` of our own, with its lines, at most `limit` characters. Hidden characters other than the line feed become
/// visible; tabs become four spaces. Links stay links: never give it text from outside.
#[must_use]
pub fn block(text: &str, limit: usize) -> String {
    let mut out = Cut::new(limit);
    let mut rest = text.chars();
    loop {
        let before = rest.as_str();
        let Some(c) = rest.next() else { return out.finish("") };
        let piece = match c {
            '\n' => "\n".to_owned(),
            '\t' => "    ".to_owned(),
            c if is_hidden(c) => hexadecimal(c),
            c => c.to_string(),
        };
        if !out.push(&piece) {
            return out.finish(before);
        }
    }
}

/// [`value`] as printable ASCII of at most `limit` characters, the cut included, for an SNS subject. What is not ASCII
/// becomes `?`; what is too long ends in `...`.
#[must_use]
pub fn ascii(text: &str, limit: usize) -> String {
    let text: String =
        value(text, limit.saturating_add(1)).chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect();
    if text.len() <= limit {
        return text;
    }
    let kept = limit.saturating_sub(3);
    text.chars().take(kept).chain("...".chars()).take(limit).collect()
}

/// `text` itself, at most `limit` characters, for machines. What is too long ends with `… (N more characters)`, which is
/// not counted in `limit`. Nothing is escaped.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((at, _)) => {
            let (kept, left) = text.split_at_checked(at).unwrap_or((text, ""));
            format!("{kept}{}", more(left))
        }
    }
}

/// JSON text with every hidden character inside its strings escaped, so that the bytes are harmless wherever they are
/// shown and still mean the same. `json` must be valid JSON.
#[must_use]
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut units = [0_u16; 2];
    for c in json.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// `text` as a quoted TOML string that means exactly `text`, harmless to look at and no link in a mail client.
#[must_use]
pub fn toml(text: &str) -> String {
    let mut out = String::from("\"");
    let mut rest = text.chars();
    let mut previous = None;
    while let Some(c) = rest.next() {
        let after = rest.as_str();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\u005c"),
            c if is_hidden(c) || makes_link(c, previous, after) => {
                let code = c as u32;
                let _ = if code <= 0xffff { write!(out, "\\u{code:04x}") } else { write!(out, "\\U{code:08x}") };
            }
            c => out.push(c),
        }
        previous = Some(c);
    }
    out.push('"');
    out
}

/// A character as [`value`] shows it between its neighbours.
fn visible(c: char, previous: Option<char>, next: Option<char>, after: &str) -> String {
    // Two backslashes in a row are a network path to some mail clients.
    let network_path = c == '\\' && (previous == Some('\\') || next.is_some_and(|n| n == '\\' || is_hidden(n)));
    if is_hidden(c) || network_path {
        hexadecimal(c)
    } else if makes_link(c, previous, after) {
        format!("[{c}]")
    } else {
        c.to_string()
    }
}

/// Whether `c` is the character that makes a link of its neighbours: the colon of `://`, or a dot inside a word before a
/// letter, or between a letter and a digit (`www.1`), which is what mail clients take for a host name. The full-width dots
/// count as dots in host names too (UTS 46). Addresses and versions have digits on both sides.
fn makes_link(c: char, previous: Option<char>, after: &str) -> bool {
    match c {
        ':' => after.starts_with("//"),
        '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' => match (previous, after.chars().next()) {
            (Some(previous), Some(next)) => {
                !is_space(previous) && (next.is_alphabetic() || (previous.is_alphabetic() && next.is_alphanumeric()))
            }
            _ => false,
        },
        _ => false,
    }
}

/// The word of AWS that `rest` starts with, if it stands alone: an ACL group or `<service>.amazonaws.com`. With anything
/// behind a slash it could be somebody's object (`s3.amazonaws.com/their-bucket`), with anything in front their bucket.
fn known_word(rest: &str, previous: Option<char>) -> Option<&str> {
    if previous.is_some_and(|p| !(is_space(p) || "\"'`([{,=".contains(p))) {
        return None;
    }
    let ends = |tail: &str| {
        let mut tail = tail.chars();
        match tail.next() {
            None => true,
            Some('.') => tail.next().is_none_or(is_space),
            Some(c) => is_space(c) || "\"'`)]},;".contains(c),
        }
    };
    if let Some(group) = ACL_GROUPS.into_iter().find(|group| rest.strip_prefix(group).is_some_and(ends)) {
        return rest.get(..group.len());
    }
    let label = rest
        .find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))
        .filter(|at| (1..=40).contains(at))?;
    [".amazonaws.com.cn", ".amazonaws.com"].into_iter().find_map(|domain| {
        let tail = rest.get(label..)?.strip_prefix(domain)?;
        ends(tail).then(|| rest.get(..label + domain.len()))?
    })
}

/// White space that is shown as such; a line feed is not.
fn is_space(c: char) -> bool {
    c.is_whitespace() && !is_hidden(c)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn hexadecimal(c: char) -> String {
    c.escape_unicode().collect()
}

fn more(left: &str) -> String {
    match left.chars().count() {
        1 => "… (1 more character)".to_owned(),
        count => format!("… ({count} more characters)"),
    }
}

/// Text that grows piece by piece up to a limit, so that no escape is ever cut in two.
struct Cut {
    text: String,
    length: usize,
    limit: usize,
}

impl Cut {
    fn new(limit: usize) -> Self {
        Self { text: String::new(), length: 0, limit }
    }

    /// Adds `piece`, unless it does not fit.
    fn push(&mut self, piece: &str) -> bool {
        let length = self.length + piece.chars().count();
        if length > self.limit {
            return false;
        }
        self.length = length;
        self.text.push_str(piece);
        true
    }

    /// The text, with a note about `left` when there is any.
    fn finish(mut self, left: &str) -> String {
        if !left.is_empty() {
            self.text.push_str(&more(left));
        }
        self.text
    }
}

#[cfg(test)]
mod tests;
