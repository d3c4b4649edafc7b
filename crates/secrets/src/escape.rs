//! What formats write in place of a character: JSON and programs `\/`, `\n`, `\u002F`, `\x22`; URLs `%2F`, and `%252F` when they
//! are inside each other; HTML and XML `&#47;`, `&#x2F;`; mail `=3D` (RFC 2045, quoted-printable); terminals the colours of
//! ECMA-48 (`ESC [ 32 m`). Their letters and digits are no part of the word that stands before or after them.

use zeroize::Zeroizing;

use crate::shape::{dash, digit, hex};

/// Most backslashes of one escape: each JSON string in another doubles them.
const DEEPEST: usize = 8;
/// Most characters of a colour's numbers (`38;5;208`).
const COLOUR: usize = 16;

/// The escape that begins `text`: what it stands for, and how many bytes it takes. What is none of ASCII is 255. A backslash
/// before anything else is no escape.
pub(crate) fn undo(text: &[u8]) -> Option<(u8, usize)> {
    let mut at = 0_usize;
    for _ in 0..DEEPEST {
        let (value, wide) = once(text.get(at..)?)?;
        at = at.saturating_add(wide);
        if value != b'\\' {
            return Some((value, at));
        }
        match text.get(at) {
            Some(b'/') => return Some((b'/', at.saturating_add(1))),
            Some(b'n' | b'r' | b't') => return Some((b'\n', at.saturating_add(1))),
            _ => {}
        }
    }
    None
}

/// One step of [`undo`]: a backslash stands for itself, as what follows it decides.
fn once(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'\\', b'u', a, b, c, d, ..] if number(&[*a, *b, *c, *d], 16).is_some() => {
            Some((number(&[*a, *b, *c, *d], 16)?, 6))
        }
        [b'\\', b'x', a, b, ..] if number(&[*a, *b], 16).is_some() => Some((number(&[*a, *b], 16)?, 4)),
        [b'\\', ..] => Some((b'\\', 1)),
        [b'%', b'2', b'5', a, b, ..] if hex(*a) && hex(*b) => Some((number(&[*a, *b], 16)?, 5)),
        [b'%', a, b, ..] => Some((number(&[*a, *b], 16)?, 3)),
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(8).position(|byte| *byte == b';')?;
            let value = match rest.get(..end)? {
                [b'x' | b'X', digits @ ..] => number(digits, 16),
                digits => number(digits, 10),
            };
            Some((value?, end.saturating_add(3)))
        }
        _ => None,
    }
}

/// Whether `is` holds of the word that begins `text` once the signs in it that are escaped stand for themselves; of a word without
/// any it does not.
pub(crate) fn plain(text: &[u8], is: impl Fn(&[u8]) -> bool) -> bool {
    const LONGEST: usize = 640;
    let own = |char: u8| dash(char) || matches!(char, b'+' | b'/' | b'=' | b'.' | b'~');
    let sign = |at: usize| undo(text.get(at..)?).filter(|(char, _)| matches!(char, b'+' | b'/' | b'='));
    let first = text.iter().take(LONGEST).position(|char| !own(*char));
    if first.and_then(sign).is_none() {
        return false;
    }
    let mut plain = Zeroizing::new([0_u8; LONGEST]);
    let (mut at, mut count) = (0_usize, 0_usize);
    for place in plain.iter_mut() {
        let own = text.get(at).filter(|char| own(**char)).map(|char| (*char, 1));
        let Some((char, wide)) = own.or_else(|| sign(at)) else { break };
        *place = char;
        at = at.saturating_add(wide);
        count = count.saturating_add(1);
    }
    is(plain.get(..count).unwrap_or_default())
}

/// The byte that `digits` are.
fn number(digits: &[u8], radix: u32) -> Option<u8> {
    let value = digits
        .iter()
        .try_fold(0_u32, |value, digit| value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?))?;
    (!digits.is_empty()).then(|| u8::try_from(value).ok().filter(u8::is_ascii).unwrap_or(u8::MAX))
}

/// How long the escape is with which `before` ends, if it ends in a letter or a digit.
pub(crate) fn ending(before: &[u8]) -> Option<usize> {
    match before {
        [.., b'\\', b'n' | b'r' | b't'] => Some(2),
        [.., b'\\', b'u', a, b, c, d] if [a, b, c, d].into_iter().all(|byte| hex(*byte)) => Some(6),
        [.., b'\\', b'x', a, b] if hex(*a) && hex(*b) => Some(4),
        [.., b'%', b'2', b'5', a, b] if hex(*a) && hex(*b) => Some(5),
        [.., b'%', a, b] if hex(*a) && hex(*b) => Some(3),
        [.., b'=', b'3', b'D'] => Some(3),
        [rest @ .., b'm' | b'K'] => {
            let numbers = rest.iter().rev().take(COLOUR).take_while(|byte| digit(**byte) || **byte == b';').count();
            // Logs lose the escape character itself; without a number, it has to be there.
            match rest.get(..rest.len().saturating_sub(numbers))? {
                [.., 0x1B, b'['] => Some(numbers.saturating_add(3)),
                [.., b'['] if numbers > 0 => Some(numbers.saturating_add(2)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// How many bytes at `at` end an escape that began before it. `=3D` is left out: it may as well be `=` and a word.
pub(crate) fn tail(text: &[u8], at: usize) -> usize {
    const LONGEST: usize = 5;
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    if before == Some(&b'=') {
        return 0;
    }
    let ends =
        |count: &usize| text.get(..at.saturating_add(*count)).and_then(ending).is_some_and(|whole| whole > *count);
    (1..=LONGEST).rev().find(ends).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_is_what_it_stands_for() {
        for slash in [
            r"\/", r"\\/", r"\\\/", r"\u002F", r"\u002f", r"\\u002F", r"\x2F", r"\x5C/", "%2F", "%2f", "%252F",
            "&#47;", "&#x2F;", "&#x2f;", "&#X2f;", "&#047;",
        ] {
            assert_eq!(undo(format!("{slash}x").as_bytes()), Some((b'/', slash.len())), "{slash}");
        }
        assert_eq!(undo(b"%2B"), Some((b'+', 3)));
        assert_eq!(undo(br"\x5Cnx"), Some((b'\n', 5)));
        assert_eq!(undo(br"\u00fc"), Some((255, 6)));
        for none in [r"\", r"\p", r"\\", "%", "%4", "%zz", "&#;", "&#x;", "&#12", "&amp;", "x", ""] {
            assert_eq!(undo(none.as_bytes()), None, "{none}");
        }
    }

    #[test]
    fn an_escape_is_no_part_of_the_word_after_it() {
        for before in [r"\n", r"\u0022", r"\x22", "%3D", "%253D", "=3D", "\x1B[32m", "\x1B[01;31m", "\x1B[K", "[0m"] {
            assert!(ending(before.as_bytes()).is_some(), "{before}");
        }
        for before in ["n", "x22", "3D", "m", "[m", "K", "item", "a12m", r"\p", ""] {
            assert_eq!(ending(before.as_bytes()), None, "{before}");
        }
        for (text, at, count) in [
            (r"\nabc", 1, 1),
            (r"\x22abc", 1, 3),
            ("%253Dabc", 1, 4),
            ("\x1B[32mabc", 2, 3),
            ("=3Dabc", 1, 0),
            ("abc", 0, 0),
        ] {
            assert_eq!(tail(text.as_bytes(), at), count, "{text}");
        }
    }
}
