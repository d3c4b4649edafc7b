//! Text from outside in chat: Slack's mrkdwn, and the markdown of Microsoft Teams behind Amazon Q Developer.
//!
//! Slack («Formatting message text») takes three characters for its own, `&`, `<` and `>`, which stand as entities here; its
//! links and mentions are made of them. Markup is taken away by brackets, as [`value`](super::value) does it with dots, so that a
//! reader sees that something was there. What these functions give is never longer than `limit`, everything counted: Slack
//! refuses a message with one text that is too long.

use super::{block, value};

/// Ends what was cut.
const MORE: char = '…';

/// `text` from outside as one line of prose, at most `limit` characters, that can be no markup, mention, emoji or link. Words
/// between two backticks become inline code.
#[must_use]
pub fn mrkdwn(text: &str, limit: usize) -> String {
    let shown = value(text, limit);
    let mut out = Strict::new(limit);
    let parts: Vec<&str> = shown.split('`').collect();
    let last = parts.len() - 1;
    for (number, part) in parts.iter().enumerate() {
        let is_code = number % 2 == 1 && number < last;
        if is_code && !part.trim().is_empty() {
            // Two in a row would be read as something else.
            if out.text.ends_with('`') {
                out.push(" ");
            }
            // Inline code is closed wherever it is cut.
            let room = limit.saturating_sub(out.length + 3);
            out.push(&format!("`{}`", code(part.trim(), room.max(1))));
        } else {
            if number > 0 && (number == last && last % 2 == 1) {
                out.push("'");
            }
            prose(part, &mut out);
        }
    }
    out.finish()
}

fn prose(text: &str, out: &mut Strict) {
    let mut rest = text.chars();
    let mut previous = None;
    while let Some(c) = rest.next() {
        let starts_word = previous.is_none_or(|p: char| !p.is_alphanumeric());
        let next = rest.as_str().chars().next();
        let in_word = !starts_word && next.is_some_and(char::is_alphanumeric);
        match c {
            '&' => out.push("&amp;"),
            '<' => out.push("&lt;"),
            // At the beginning of a line it quotes.
            '>' if out.length == 0 => out.push("[&gt;]"),
            '>' => out.push("&gt;"),
            '*' | '~' => out.push(&format!("[{c}]")),
            '_' if !in_word => out.push("[_]"),
            // `@here`, `#general`; the at sign of an address is none.
            '@' | '#' if starts_word => out.push(&format!("[{c}]")),
            ':' if is_emoji(rest.as_str()) => out.push("[:]"),
            // `[text](address)` of Teams.
            '(' if out.text.ends_with(']') => out.push("[(]"),
            c => out.push(c.encode_utf8(&mut [0; 4])),
        }
        previous = Some(c);
    }
}

/// Whether what stands behind a colon ends as `:name:` does; times are none.
fn is_emoji(rest: &str) -> bool {
    let name = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'')));
    name.and_then(|at| rest.split_at_checked(at))
        .is_some_and(|(name, tail)| tail.starts_with(':') && name.contains(|c: char| !c.is_ascii_digit()))
}

/// `text` from outside as the inside of inline code, at most `limit` characters, without the backticks around it. A backtick
/// in it becomes an apostrophe. What is empty is a dash: empty code is no code.
#[must_use]
pub fn code(text: &str, limit: usize) -> String {
    let shown = value(text, limit);
    let shown = shown.trim();
    let mut out = Strict::new(limit);
    inside(if shown.is_empty() { "-" } else { shown }, &mut out);
    out.finish()
}

/// Lines as a block of code with its fences, at most `limit` characters and `lines` lines, and a line that says how many
/// more there are. `own` lines are the rule book's, [`block`]s; the others come from outside and are [`value`]s behind their
/// indentation.
#[must_use]
pub fn code_block<'a>(
    content: impl IntoIterator<Item = (&'a str, &'a str)>,
    own: bool,
    lines: usize,
    limit: usize,
) -> String {
    /// Fences with their line feeds, and the last line.
    const AROUND: usize = 8 + 30;
    let mut out = String::from("```\n");
    let room = limit.saturating_sub(AROUND);
    let (mut used, mut shown, mut left) = (0, 0, 0_usize);
    for (sign, text) in content {
        if left > 0 || shown >= lines {
            left += 1;
            continue;
        }
        let bare = text.trim_start_matches(' ');
        let indent = (text.len() - bare.len()).min(40);
        let mut line = Strict::new(500);
        line.push(&format!("{sign}{:indent$}", ""));
        let bare = if own { block(bare, 500).replace('\n', " ") } else { value(bare, 500) };
        inside(bare.trim_end(), &mut line);
        let line = line.finish();
        let length = line.chars().count() + 1;
        if used + length > room {
            left += 1;
            continue;
        }
        used += length;
        shown += 1;
        out.push_str(line.trim_end());
        out.push('\n');
    }
    if left > 0 {
        out.push_str(&format!("{MORE} {left} more lines\n"));
    }
    out.push_str("```");
    out
}

fn inside(text: &str, out: &mut Strict) {
    for c in text.chars() {
        match c {
            '&' => out.push("&amp;"),
            '<' => out.push("&lt;"),
            '>' => out.push("&gt;"),
            '`' => out.push("'"),
            c => out.push(c.encode_utf8(&mut [0; 4])),
        }
    }
}

/// Text that never gets longer than its limit, and ends with [`MORE`] when something did not fit.
struct Strict {
    text: String,
    length: usize,
    limit: usize,
    full: bool,
}

impl Strict {
    fn new(limit: usize) -> Self {
        Self { text: String::new(), length: 0, limit, full: false }
    }

    fn push(&mut self, piece: &str) {
        let length = self.length + piece.chars().count();
        // One character is kept for the sign that something is missing.
        if self.full || length >= self.limit {
            self.full = true;
            return;
        }
        self.length = length;
        self.text.push_str(piece);
    }

    fn finish(mut self) -> String {
        if self.full && self.limit > 0 {
            self.text.push(MORE);
        }
        self.text
    }
}
