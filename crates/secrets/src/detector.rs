//! Everything that matches in one window of text.

use std::{collections::BTreeMap, ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

use crate::{
    aws, base64, chance, pem,
    report::{Class, Hit},
    rules::{RULES, Rule},
    shape,
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
    meanings: Vec<Meaning>,
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
        // Building can only fail for more patterns than fit in 31 bits.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(anchors.keys())
            .ok();
        Self { anchors: automaton, meanings: anchors.into_values().collect() }
    }

    fn anchored(&self, text: &[u8], range: Range<usize>, hit: &mut dyn FnMut(Hit)) {
        const LONGEST: usize = 32;
        let Some(anchors) = &self.anchors else { return };
        let end = range.end.saturating_add(LONGEST).min(text.len());
        let input = Input::new(text).range(range.start.min(end)..end);
        for found in anchors.find_iter(input) {
            let (at, end) = (found.start(), found.end());
            if at >= range.end {
                break;
            }
            let Some(meaning) = self.meanings.get(found.pattern().as_usize()) else { continue };
            let found = match *meaning {
                Meaning::KeyId => aws::pair(text, at),
                Meaning::Label => aws::labelled(text, at, end),
                Meaning::Pem => pem::pem(text, at, end),
                Meaning::Putty => pem::putty(text, at, end),
                Meaning::Age => pem::age(text, at, end),
                Meaning::Tokens(first, last) => {
                    let rules = RULES.get(first..last).unwrap_or_default();
                    rules.iter().find(|rule| is_token(rule, text, at, end)).map(|rule| Hit {
                        rule: rule.id,
                        class: Class::Token,
                        at,
                        key: None,
                    })
                }
            };
            if let Some(found) = found {
                hit(found);
            }
        }
    }
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
    if !shape::begins(text, start) {
        return false;
    }
    let Some(stop) = shape::end(rule.parts, text, end) else { return false };
    let (before, after) = (text.get(start..at).unwrap_or_default(), text.get(end..stop).unwrap_or_default());
    let whole = text.get(start..stop).unwrap_or_default();
    chance::entropy(after) >= rule.entropy
        && !chance::stands_in(before)
        && !chance::stands_in(after)
        && !rule.known.iter().any(|known| known.as_bytes() == whole)
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
