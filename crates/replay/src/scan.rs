//! Where the objects of a JSON text begin and end, without parsing it.
//!
//! A log file is one object whose `Records` are what is wanted; JSON lines, arrays and concatenated objects have them at the top. Both
//! are read the same way: an object that begins with `"Records"` (or another name of [`CONTAINERS`]) is a container, and what stands in it
//! counts as standing at the top. Strings are told from structure exactly, 64 bytes at a time, so that nothing a caller wrote into a
//! string or a nested object is taken for a record or for its name.
//!
//! **Architecture invariant:** linear in the text, allocates nothing, and any bytes at all are input.

use memchr::memmem::Finder;
use wide::i8x16;

/// First keys of objects that only hold others: CloudTrail's files, and the answers of `lookup-events` and of exports.
const CONTAINERS: [&[u8]; 3] = [b"\"Records\"", b"\"Events\"", b"\"events\""];

/// How far behind an opening brace it can be told whether it opens a container.
const PEEK: usize = 64;

/// One object at the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Object<'w> {
    /// From its opening brace to its closing one.
    pub(crate) text: &'w [u8],
    /// Where in `text` its own key `"eventName"` begins; not one of an object inside it.
    pub(crate) name: Option<usize>,
}

/// Finds objects in one window after the other.
#[derive(Debug, Clone)]
pub(crate) struct Scanner {
    name: Finder<'static>,
}

/// What is left of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    /// How many bytes of the window need not be seen again: an object that has no end yet begins here.
    pub(crate) done: usize,
    /// An object, or a string outside of any, has begun and not ended.
    pub(crate) open: bool,
    /// Containers that ended and had begun before the window.
    pub(crate) closed: usize,
    /// Containers that began, and have not ended.
    pub(crate) opened: usize,
}

impl Scanner {
    pub(crate) fn new() -> Self {
        Self { name: Finder::new(b"\"eventName\"") }
    }

    /// Gives `each` object that ends in `window`, which begins at the top of the text. `last`: nothing follows.
    pub(crate) fn objects<'w>(&self, window: &'w [u8], last: bool, mut each: impl FnMut(Object<'w>)) -> Left {
        let mut at = Place { window, depth: 0, start: 0, found: None, next: None, closed: 0, opened: 0 };
        at.next = self.name.find(window);
        let mut inside = 0_u64;
        let mut escaped = false;
        let (blocks, tail) = window.as_chunks::<64>();
        let mut padded = [b' '; 64];
        if let Some(begin) = padded.get_mut(..tail.len()) {
            begin.copy_from_slice(tail);
        }
        let mut quoted_since = 0;
        for (number, block) in blocks.iter().chain((!tail.is_empty()).then_some(&padded)).enumerate() {
            let base = number * 64;
            let bytes = lanes(block);
            let quotes = mask(&bytes, b'"') & !escapes(mask(&bytes, b'\\'), &mut escaped);
            let strings = prefix_xor(quotes) ^ inside;
            inside = if strings >> 63 == 1 { u64::MAX } else { 0 };
            if quotes != 0 {
                quoted_since = base + 63 - usize::try_from(quotes.leading_zeros()).unwrap_or_default();
            }
            let (opens, closes) = (mask(&bytes, b'{') & !strings, mask(&bytes, b'}') & !strings);
            if at.depth > closes.count_ones() && at.next.is_none_or(|next| next >= base + 64) {
                at.depth = at.depth - closes.count_ones() + opens.count_ones();
                continue;
            }
            if !self.step(&mut at, base, (opens, closes, quotes & strings), last, &mut each) {
                return at.left(at.start, true);
            }
        }
        if at.depth > 0 {
            at.left(at.start, true)
        } else if inside != 0 {
            at.left(quoted_since, true)
        } else {
            // A backslash takes the meaning from what follows, in the next window too.
            let backslashes = window.iter().rev().take_while(|byte| **byte == b'\\').count();
            let carried = !last && backslashes % 2 == 1;
            at.left(window.len() - usize::from(carried), false)
        }
    }

    /// One block in which an object can begin, end or have its name. `false`: more must be seen of what begins at `at.start`.
    fn step<'w>(
        &self,
        at: &mut Place<'w>,
        base: usize,
        (opens, closes, begins): (u64, u64, u64),
        last: bool,
        each: &mut impl FnMut(Object<'w>),
    ) -> bool {
        let mut marks = opens | closes;
        loop {
            let mark = usize::try_from(marks.trailing_zeros()).unwrap_or(64);
            while let Some(next) = at.next.filter(|next| *next < base + mark.min(64)) {
                // Of two keys of one name the last counts, as for every parser that takes both.
                if at.depth == 1 && next >= base && begins >> (next - base) & 1 == 1 && is_key(at.window, next) {
                    at.found = Some(next);
                }
                at.next = at.window.get(next + 1..).and_then(|rest| self.name.find(rest)).map(|more| next + 1 + more);
            }
            if marks == 0 {
                return true;
            }
            let position = base + mark;
            if opens >> mark & 1 == 1 {
                if at.depth == 0 {
                    let rest = at.window.get(position + 1..).unwrap_or_default();
                    if rest.len() < PEEK && !last {
                        at.start = position;
                        return false;
                    }
                    if is_container(rest) {
                        at.opened += 1;
                    } else {
                        at.depth = 1;
                        at.start = position;
                        at.found = None;
                    }
                } else {
                    at.depth += 1;
                }
            } else if at.depth > 0 {
                at.depth -= 1;
                if at.depth == 0 {
                    let text = at.window.get(at.start..=position).unwrap_or_default();
                    each(Object { text, name: at.found.map(|name| name - at.start) });
                }
            } else if at.opened > 0 {
                at.opened -= 1;
            } else {
                at.closed += 1;
            }
            marks &= marks - 1;
        }
    }
}

/// The way to the end of an object that is too large to be kept, one window after the other.
#[derive(Debug, Default)]
pub(crate) struct Skip {
    depth: u32,
    inside: bool,
    escaped: bool,
}

impl Skip {
    /// Takes the next part of the text; the first begins with the object, or with a string that is in none. Where it ends.
    pub(crate) fn feed(&mut self, text: &[u8]) -> Option<usize> {
        for (at, byte) in text.iter().enumerate() {
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            match byte {
                b'\\' => self.escaped = true,
                b'"' => self.inside = !self.inside,
                b'{' if !self.inside => self.depth += 1,
                b'}' if !self.inside => self.depth = self.depth.saturating_sub(1),
                _ => continue,
            }
            if self.depth == 0 && !self.inside && !self.escaped {
                return Some(at + 1);
            }
        }
        None
    }
}

/// Where the scanner is.
struct Place<'w> {
    window: &'w [u8],
    /// Objects that are open, containers not counted.
    depth: u32,
    /// Where the object at the top began.
    start: usize,
    /// Where its name is.
    found: Option<usize>,
    /// The next text that could be a name's key.
    next: Option<usize>,
    closed: usize,
    opened: usize,
}

impl Place<'_> {
    fn left(&self, done: usize, open: bool) -> Left {
        Left { done, open, closed: self.closed, opened: self.opened }
    }
}

/// Whether the string that begins at `at` is a key: a colon follows.
fn is_key(window: &[u8], at: usize) -> bool {
    let behind = window.get(at + b"\"eventName\"".len()..).unwrap_or_default();
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Whether what follows an opening brace makes it a container: one of the keys, and a list.
fn is_container(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_start();
    CONTAINERS.iter().any(|key| {
        let list = rest.strip_prefix(*key).map(<[u8]>::trim_ascii_start).and_then(|rest| rest.strip_prefix(b":"));
        list.is_some_and(|rest| rest.trim_ascii_start().first() == Some(&b'['))
    })
}

type Lanes = [i8x16; 4];

fn lanes(block: &[u8; 64]) -> Lanes {
    let (lanes, _) = block.as_chunks::<16>();
    let mut all = [i8x16::ZERO; 4];
    for (lane, bytes) in all.iter_mut().zip(lanes) {
        *lane = i8x16::new(bytes.map(u8::cast_signed));
    }
    all
}

/// A bit for each byte that is `byte`.
fn mask(lanes: &Lanes, byte: u8) -> u64 {
    let wanted = i8x16::splat(byte.cast_signed());
    let [a, b, c, d] = lanes.map(|lane| u64::from(lane.simd_eq(wanted).to_bitmask() & 0xffff));
    a | b << 16 | c << 32 | d << 48
}

/// The bytes that a backslash takes the meaning from. `carried`: the block before ended in such a backslash.
fn escapes(backslashes: u64, carried: &mut bool) -> u64 {
    if backslashes == 0 && !*carried {
        return 0;
    }
    let mut escaped = u64::from(*carried);
    let mut left = backslashes & !escaped;
    *carried = false;
    while left != 0 {
        let at = left.trailing_zeros();
        left &= left - 1;
        if at == 63 {
            *carried = true;
        } else {
            escaped |= 2 << at;
            left &= !(2 << at);
        }
    }
    escaped
}

/// Each bit: whether an odd number of bits is set up to and with it.
fn prefix_xor(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn all(text: &[u8]) -> (Vec<(String, Option<usize>)>, Left) {
        let mut found = Vec::new();
        let left = Scanner::new().objects(text, true, |object| {
            found.push((String::from_utf8_lossy(object.text).into_owned(), object.name));
        });
        (found, left)
    }

    #[test]
    fn a_log_file_is_a_container() {
        let text = br#"{"Records":[{"eventName":"A"},{"a":{"eventName":"B"}} , {"x":"}{\"","eventName" : "C"}]}"#;
        let (found, left) = all(text);
        let names: Vec<_> = found.iter().map(|(_, name)| *name).collect();
        assert_eq!(names, [Some(1), None, Some(12)]);
        assert_eq!(left, Left { done: text.len(), open: false, closed: 0, opened: 0 });
    }

    #[test]
    fn what_a_caller_writes_is_no_structure() {
        let hostile = r#"{"a":"{\"eventName\":\"X\"},{\\","b":"\\\\\"}","c":{"eventName":"Y"},"d":["eventName"],"eventName":"Z"}"#;
        let (found, _) = all(hostile.as_bytes());
        assert_eq!(found, [(hostile.to_owned(), hostile.rfind("\"eventName\""))]);
    }

    #[test]
    fn a_value_is_no_key() {
        assert_eq!(all(br#"{"key":"eventName","x":1}"#).0.first().unwrap().1, None);
    }

    #[test]
    fn a_text_that_ends_early_says_where() {
        let (found, left) = all(br#"{"Records":[{"a":1},{"b":{"#);
        let cut = Left { done: 20, open: true, closed: 0, opened: 1 };
        assert_eq!((found.len(), left), (1, cut));
        assert_eq!(all(br#"{"Records":[{"a":1},"abc"#).1, cut);
        assert_eq!(all(br#"{"Records":[{"a":1}"#).1, Left { done: 19, open: false, closed: 0, opened: 1 });
        assert_eq!(all(br#"{"a":1}]}"#).1, Left { done: 9, open: false, closed: 1, opened: 0 });
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = r#"[ -~]{0,12}|\\{0,70}"?|[{}\[\]":\\,]{0,90}|eventName|é{0,40}"#;
        let leaf = prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
        leaf.prop_recursive(3, 20, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text, inner), 0..4).prop_map(|pairs| pairs.into_iter().collect::<Value>()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Against serde_json, in one window and in two cut anywhere.
        #[test]
        fn finds_what_a_parser_finds(values in prop::collection::vec(value(), 0..6), named in any::<bool>(), cut in 0_usize..2000) {
            let objects: Vec<Value> = values
                .into_iter()
                .map(|value| if named { json!({"x": value, "eventName": "E", "y": 1}) } else { json!({"x": value}) })
                .collect();
            let text = json!({"Records": objects}).to_string().into_bytes();
            let (found, left) = all(&text);
            prop_assert!(!left.open);
            let parsed: Vec<Value> = found.iter().map(|(text, _)| serde_json::from_str(text).unwrap()).collect();
            prop_assert_eq!(&parsed, &objects);
            let has = |text: &str, at: usize| text.get(at..).is_some_and(|text| text.starts_with("\"eventName\""));
            prop_assert!(found.iter().all(|(text, name)| name.is_some_and(|at| has(text, at)) == named));

            let cut = cut.min(text.len());
            let scanner = Scanner::new();
            let mut again = Vec::new();
            let left = scanner.objects(&text[..cut], false, |object| again.push(object.text.to_vec()));
            scanner.objects(&text[left.done..], true, |object| again.push(object.text.to_vec()));
            let again: Vec<Value> = again.iter().map(|text| serde_json::from_slice(text).unwrap()).collect();
            prop_assert_eq!(again, objects);
        }

        #[test]
        fn any_bytes_are_input(bytes in prop::collection::vec(any::<u8>(), 0..400), last in any::<bool>()) {
            let left = Scanner::new().objects(&bytes, last, |object| {
                assert!(object.text.starts_with(b"{") && object.text.ends_with(b"}"));
            });
            prop_assert!(left.done <= bytes.len());
        }
    }
}
