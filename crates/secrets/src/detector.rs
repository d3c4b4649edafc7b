//! Everything that matches in one window of text.

use std::{collections::BTreeMap, ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use zeroize::Zeroizing;

use crate::{
    aws, base64, chance, escape, pem,
    report::{Class, Hit},
    rules::{RULES, Rule},
    shape,
    text::{self, Encoding},
};

/// How much of the text before and after a place a match there can depend on.
pub(crate) const BEHIND: usize = 2560;
pub(crate) const AHEAD: usize = 3072;

const _: () = assert!(BEHIND > aws::NEAR + 128 && AHEAD > aws::NEAR + aws::LONGEST + 128 && AHEAD > pem::NEAR + 128);

/// What an anchor begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    KeyId,
    Label,
    Pem,
    Putty,
    Age,
    /// The rules of this anchor, as a range of [`RULES`].
    Tokens(usize, usize),
}

/// All anchors in one automaton: one pass over the text, however many rules there are.
struct Detector {
    anchors: Option<AhoCorasick>,
    /// Of each anchor, and whether it is the one in UTF-16.
    meanings: Vec<(Meaning, bool)>,
}

static DETECTOR: LazyLock<Detector> = LazyLock::new(Detector::new);

/// Says what begins in `range` of `text`; what stands before and after it is looked at too.
pub(crate) fn scan(text: &[u8], range: Range<usize>, hit: &mut dyn FnMut(Hit)) {
    DETECTOR.anchored(text, range.clone(), hit);
    base64::texts(text, range, &mut |at, decoded| {
        DETECTOR.anchored(decoded, 0..decoded.len(), &mut |found| hit(Hit { at, ..found }));
        if let Some(found) = aws::encoded(text, at, decoded) {
            hit(found);
        }
    });
}

impl Detector {
    fn new() -> Self {
        let mut anchors: BTreeMap<&str, Meaning> = BTreeMap::new();
        anchors.extend(aws::ID_ANCHORS.map(|anchor| (anchor, Meaning::KeyId)));
        anchors.extend(aws::LABELS.map(|anchor| (anchor, Meaning::Label)));
        anchors.insert(pem::PEM_ANCHOR, Meaning::Pem);
        anchors.insert(pem::PUTTY_ANCHOR, Meaning::Putty);
        anchors.insert(pem::AGE_ANCHOR, Meaning::Age);
        for (at, rule) in RULES.iter().enumerate() {
            let end = at.saturating_add(1);
            match anchors.get_mut(rule.anchor) {
                Some(Meaning::Tokens(_, last)) => *last = end,
                _ => {
                    anchors.insert(rule.anchor, Meaning::Tokens(at, end));
                }
            }
        }
        // Programs of .NET and Windows have their strings in UTF-16, whatever the rest of the file is.
        let narrow = anchors.iter().map(|(anchor, meaning)| (anchor.as_bytes().to_vec(), (*meaning, false)));
        let wide = anchors.iter().map(|(anchor, meaning)| {
            (anchor.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<u8>>(), (*meaning, true))
        });
        let (anchors, meanings): (Vec<_>, Vec<_>) = narrow.chain(wide).unzip();
        // Building can only fail for more patterns than fit in 31 bits.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(anchors)
            .ok();
        Self { anchors: automaton, meanings }
    }

    fn anchored(&self, text: &[u8], range: Range<usize>, hit: &mut dyn FnMut(Hit)) {
        const LONGEST: usize = 64;
        let Some(anchors) = &self.anchors else { return };
        let end = range.end.saturating_add(LONGEST).min(text.len());
        let input = Input::new(text).range(range.start.min(end)..end);
        for found in anchors.find_iter(input) {
            let (at, end) = (found.start(), found.end());
            if at >= range.end {
                break;
            }
            let found = match self.meanings.get(found.pattern().as_usize()) {
                Some((meaning, false)) => meaning.hit(text, at, end),
                Some((meaning, true)) => wide(text, at, end, *meaning),
                None => None,
            };
            if let Some(found) = found {
                hit(found);
            }
        }
    }
}

impl Meaning {
    /// What begins with the anchor `at..end`.
    fn hit(self, text: &[u8], at: usize, end: usize) -> Option<Hit> {
        match self {
            Self::KeyId => aws::pair(text, at),
            Self::Label => aws::labelled(text, at, end),
            Self::Pem => pem::pem(text, at, end),
            Self::Putty => pem::putty(text, at, end),
            Self::Age => pem::age(text, at, end),
            Self::Tokens(first, last) => {
                let rules = RULES.get(first..last).unwrap_or_default();
                rules.iter().find(|rule| is_token(rule, text, at, end)).map(|rule| Hit {
                    rule: rule.id,
                    class: Class::Token,
                    at,
                    key: None,
                })
            }
        }
    }
}

/// What begins with the anchor `at..end`, which is in UTF-16: looked at in the bytes that the text around it stands for.
fn wide(text: &[u8], at: usize, end: usize, meaning: Meaning) -> Option<Hit> {
    let mut narrow = Zeroizing::new([0_u8; (BEHIND + AHEAD) / 2]);
    let before = at.min(BEHIND) / 2;
    let (units, _) = text.get(at.checked_sub(before.checked_mul(2)?)?..)?.as_chunks::<2>();
    let mut count = 0_usize;
    for (to, [low, high]) in narrow.iter_mut().zip(units) {
        *to = text::narrow(Encoding::LittleEndian, *low, *high);
        count = count.saturating_add(1);
    }
    let stop = before.saturating_add(end.saturating_sub(at) / 2);
    meaning.hit(narrow.get(..count)?, before, stop).map(|hit| Hit { at, ..hit })
}

/// Whether the token of `rule` whose anchor is `at..end` is there, looks random, and is nobody's example.
fn is_token(rule: &Rule, text: &[u8], at: usize, end: usize) -> bool {
    let start = match rule.before {
        None => at,
        Some((alphabet, least, most)) => {
            let found = shape::run_back(text, at, alphabet, most);
            if found < least {
                return false;
            }
            at.saturating_sub(found)
        }
    };
    let before = text.get(start..at).unwrap_or_default();
    if !shape::begins(text, start) || chance::stands_in(before) {
        return false;
    }
    let is_secret = |rest: &[u8]| {
        let Some(after) = shape::end(rule.parts, rest, 0).and_then(|stop| rest.get(..stop)) else { return false };
        let known = |known: &&str| known.strip_prefix(rule.anchor).is_some_and(|known| known.as_bytes() == after);
        chance::entropy(after) >= rule.entropy && !chance::stands_in(after) && !rule.known.iter().any(known)
    };
    let rest = text.get(end..).unwrap_or_default();
    is_secret(rest) || escape::plain(rest, is_secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The automaton says the longest anchor only: a shorter one that begins like it would be lost where only it matches.
    #[test]
    fn no_anchor_begins_like_another() {
        let mut anchors: Vec<&str> = RULES.iter().map(|rule| rule.anchor).collect();
        anchors.extend(aws::ID_ANCHORS);
        anchors.extend(aws::LABELS);
        anchors.extend([pem::PEM_ANCHOR, pem::PUTTY_ANCHOR, pem::AGE_ANCHOR]);
        anchors.sort_unstable();
        anchors.dedup();
        for (one, next) in anchors.iter().zip(anchors.iter().skip(1)) {
            assert!(!next.starts_with(one), "{one} {next}");
        }
        assert!(anchors.iter().all(|anchor| anchor.len() <= 32));
    }

    /// Rules that share an anchor stand together, or the range of one would hold another's.
    #[test]
    fn rules_of_one_anchor_stand_together() {
        let mut seen: Vec<&str> = Vec::new();
        for rule in RULES {
            if seen.last() != Some(&rule.anchor) {
                assert!(!seen.contains(&rule.anchor), "{}", rule.anchor);
                seen.push(rule.anchor);
            }
        }
    }
}
