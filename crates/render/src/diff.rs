//! What changed, line by line.

use similar::{ChangeTag, TextDiff};

use crate::Message;

/// Lines that stay, shown around each change.
const CONTEXT: usize = 2;

/// One line of a difference. The text is as it came: a channel escapes it where it writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What became of the line.
    pub sign: Sign,
    /// The line, without its end.
    pub text: String,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It stands before and after.
    Same,
    /// It is gone, or would be.
    Gone,
    /// It is new, or would be.
    New,
    /// Lines that stay are left out here.
    Skipped,
}

impl Sign {
    /// The sign that diffs begin a line with.
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Gone => '-',
            Self::New => '+',
            Self::Skipped => '…',
        }
    }
}

impl Message {
    /// What [`Message::difference`] says, at most `limit` lines and one that says how many more there are. Empty when nothing
    /// changed or nothing is known.
    #[must_use]
    pub fn diff(&self, limit: usize) -> Vec<DiffLine> {
        let Some(difference) = &self.difference else { return Vec::new() };
        let diff = TextDiff::from_lines(difference.before.as_str(), difference.after.as_str());
        let mut lines = Vec::new();
        for (number, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
            if number > 0 {
                lines.push(DiffLine { sign: Sign::Skipped, text: String::new() });
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let sign = match change.tag() {
                    ChangeTag::Equal => Sign::Same,
                    ChangeTag::Delete => Sign::Gone,
                    ChangeTag::Insert => Sign::New,
                };
                lines.push(DiffLine { sign, text: change.value().trim_end_matches(['\n', '\r']).to_owned() });
            }
        }
        if lines.len() > limit {
            let more = lines.len() - limit;
            lines.truncate(limit);
            lines.push(DiffLine { sign: Sign::Skipped, text: format!("{more} more lines") });
        }
        lines
    }
}
