//! What is between objects, and is no object.

use memchr::memmem;

/// What stands between two objects, however many windows it comes in. Part of a record whose beginning or end is lost is damage; what
/// a container has around its list is none, and neither is what separates texts.
#[derive(Debug, Default)]
pub(super) struct Between {
    /// Something stands there that is more than a comma or a space.
    begun: bool,
    inside: bool,
    escaped: bool,
    damaged: bool,
}

impl Between {
    pub(super) fn feed(&mut self, text: &[u8]) {
        for byte in text {
            if !self.begun && !separates(*byte) {
                // Behind an object a list goes on or ends, or something new begins: another text, or a line with its time.
                self.begun = true;
                self.damaged |= !(b"[]{".contains(byte) || byte.is_ascii_digit());
            }
            let taken = std::mem::take(&mut self.escaped);
            match byte {
                b'\\' if self.inside && !taken => self.escaped = true,
                b'"' if !taken => self.inside = !self.inside,
                _ if self.inside => {}
                byte => self.damaged |= !is_json(*byte),
            }
        }
    }

    /// One, when something does not belong there. What follows begins anew.
    pub(super) fn ends(&mut self) -> u64 {
        u64::from(std::mem::take(self).damaged)
    }
}

fn separates(byte: u8) -> bool {
    byte.is_ascii_whitespace() || b",\x1e\xef\xbb\xbf".contains(&byte)
}

/// Whether `byte` can stand outside of strings in JSON, separates one text from the next (a byte order mark, U+001E), or is of a time that
/// stands before each line of an export.
fn is_json(byte: u8) -> bool {
    separates(byte) || byte.is_ascii_digit() || b"{}[]:-+.truefalsnTZ".contains(&byte)
}

/// Whether `text` begins with JSON, and not in the middle of a line of it.
pub(super) fn is_whole(text: &[u8]) -> bool {
    matches!(text.trim_ascii_start().first(), None | Some(b'{' | b'['))
}

/// Where the next line begins that begins with an object.
pub(super) fn next_line(text: &[u8]) -> Option<usize> {
    memmem::find(text, b"\n{").map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_damage(text: &str) -> bool {
        let mut between = Between::default();
        text.as_bytes().chunks(3).for_each(|part| between.feed(part));
        between.ends() == 1
    }

    #[test]
    fn what_belongs_between_objects_is_no_damage() {
        let list = "],\"NextToken\":\"a b \\\" c\",\"more\":true,\"n\":-1.5}";
        for fine in ["", ",\n", "\r\n", " [", "]}\n{\"Records\":[", list, "\u{feff}", "\u{1e}"] {
            assert!(!is_damage(fine), "{fine}");
        }
        for damage in
            ["x", ",\n,eventName", "ms.com\",\"eventID\":\"e\"}\n", "# note\n", "\\", "\n\"eventName\":\"A\"}\n", "}\n"]
        {
            assert!(is_damage(damage), "{damage}");
        }
    }
}
