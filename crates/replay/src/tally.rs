//! Counting, in bounded memory.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
    hash::Hash,
};

use foldhash::fast::RandomState;
use memchr::memmem;

use crate::{
    hours::Hours,
    kinds::KINDS,
    record::{Called, parsed},
    report::{Counts, EventRow, Exposure, Files, Listed, Records, TugRow, Unreadable, Verdict, WhyRow},
    scan::Object,
};

/// Names of calls that are told apart. AWS has about 20,000 calls; a log that somebody made up can have more.
const MOST_NAMES: usize = 50_000;
/// Characters of a service's or a call's name that are kept: AWS's longest have about 70.
const LONGEST_NAME: usize = 128;
/// Bytes of the keys by which names are found again.
const LONGEST_KEY: usize = 512;
/// Keys of every other count.
const MOST_KEYS: usize = 20_000;
/// Files that are named when they cannot be read.
const MOST_UNREADABLE: usize = 10_000;
/// Characters of a path that are kept.
const LONGEST_PATH: usize = 1_000;
/// Rows of the report's lists.
const SHOWN: usize = 1_000;

/// A map that grows to a bound; what comes later is counted under one key.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    map: HashMap<K, V, RandomState>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { map: HashMap::default() }
    }
}

impl<K: Hash + Eq, V: Default> Bounded<K, V> {
    pub(crate) fn entry(&mut self, key: K, others: impl FnOnce() -> K) -> &mut V {
        let full = self.map.len() >= MOST_KEYS && !self.map.contains_key(&key);
        self.map.entry(if full { others() } else { key }).or_default()
    }

    pub(crate) fn into_rows<R>(self, row: impl Fn(K, V) -> R) -> Vec<R> {
        self.map.into_iter().map(|(key, value)| row(key, value)).collect()
    }
}

/// The first rows, and how many there are.
pub(crate) fn listed<T>(rows: Vec<T>) -> Listed<T> {
    let total = rows.len() as u64;
    Listed { total, rows: rows.into_iter().take(SHOWN).collect() }
}

/// One call by name.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) records: u64,
    /// Bits of the kinds that it wakes.
    pub(crate) wakes: u32,
    /// Bits of the kinds to which it says something without waking them.
    pub(crate) hints: u32,
    /// It only reads, by its first record or, where that does not say, by its name.
    pub(crate) reads: bool,
    /// Where in the input its first record was: which reader came across it first does not count.
    first: u64,
}

impl Name {
    fn new(source: String, name: String, sample: &[u8], first: u64) -> Self {
        let bits = |holds: &dyn Fn(&crate::kinds::Entry) -> bool| {
            KINDS.iter().enumerate().filter(|(_, kind)| holds(kind)).fold(0, |bits, (at, _)| bits | 1 << at)
        };
        Self {
            wakes: bits(&|kind| kind.is_woken_by(&source, &name)),
            hints: bits(&|kind| kind.is_hinted_by(&source, &name)),
            reads: only_reads(&name, sample),
            records: 0,
            source: cut(source),
            name: cut(name),
            first,
        }
    }

    /// Whether any kind has to see its records.
    pub(crate) fn is_watched(&self) -> bool {
        self.wakes | self.hints != 0
    }
}

/// A name as it is kept.
fn cut(name: String) -> String {
    match name.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name,
    }
}

/// What calls that change nothing begin with; those of KMS and STS write no state that anybody could put back.
const READS: [&str; 14] = [
    "Get",
    "List",
    "Describe",
    "Head",
    "BatchGet",
    "Lookup",
    "Search",
    "Query",
    "Scan",
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "AssumeRole",
    "ConsoleLogin",
];

fn only_reads(name: &str, sample: &[u8]) -> bool {
    let says = |text: &[u8]| memmem::find(sample, text).is_some();
    // Records of before 2015 do not say so.
    let by_name = || READS.iter().any(|verb| name.starts_with(verb));
    match (says(b"\"readOnly\":true"), says(b"\"readOnly\":false")) {
        (true, false) => true,
        (false, true) => false,
        _ => by_name(),
    }
}

/// What one reader counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// By the bytes that stand around service and name.
    keys: HashMap<Box<[u8]>, usize, RandomState>,
    by_name: HashMap<(String, String), usize, RandomState>,
    names: Vec<Name>,
    pub(crate) files: Files,
    pub(crate) records: Records,
    pub(crate) from: Option<[u8; 20]>,
    pub(crate) to: Option<[u8; 20]>,
    /// Successful calls that wake each kind.
    pub(crate) invocations: BTreeMap<usize, u64>,
}

impl Seen {
    /// Counts `object`. `None`: it has no name that a parser can read.
    pub(crate) fn count(&mut self, object: &Object<'_>, called: Option<&Called<'_>>, first: u64) -> Option<&Name> {
        let key = called.map_or(&[][..], |called| called.key);
        let at = match (!key.is_empty()).then(|| self.keys.get(key)).flatten() {
            Some(at) => *at,
            None => self.new_key(object, called, first)?,
        };
        self.records.read += 1;
        let name = self.names.get_mut(at)?;
        name.records += 1;
        Some(name)
    }

    /// Counts an event that is known by these names. Bits of the kinds that it wakes, and of those to which it says something.
    pub(crate) fn count_named(&mut self, source: String, name: String, sample: &[u8], first: u64) -> (u32, u32) {
        let at = self.at(&Name::new(source, name, sample, first));
        self.records.read += 1;
        let Some(name) = self.names.get_mut(at) else { return (0, 0) };
        name.records += 1;
        (name.wakes, name.hints)
    }

    fn new_key(&mut self, object: &Object<'_>, called: Option<&Called<'_>>, first: u64) -> Option<usize> {
        let plain =
            called.and_then(|called| Some((str::from_utf8(called.source?).ok()?, str::from_utf8(called.name).ok()?)));
        let plain = plain.filter(|(source, name)| !source.contains('\\') && !name.contains('\\'));
        let (source, name) = match plain {
            Some((source, name)) => (source.to_owned(), name.to_owned()),
            None => parsed(object.text)?,
        };
        let at = self.at(&Name::new(source, name, object.text, first));
        let room = |called: &&Called<'_>| (1..=LONGEST_KEY).contains(&called.key.len()) && self.keys.len() < MOST_NAMES;
        if let Some(called) = called.filter(|called| plain.is_some() && room(called)) {
            self.keys.insert(called.key.into(), at);
        }
        Some(at)
    }

    fn at(&mut self, fresh: &Name) -> usize {
        let full = self.names.len() >= MOST_NAMES;
        let key =
            if full && !fresh.is_watched() && !self.by_name.contains_key(&(fresh.source.clone(), fresh.name.clone())) {
                ("(others)".to_owned(), "(others)".to_owned())
            } else {
                (fresh.source.clone(), fresh.name.clone())
            };
        if let Some(at) = self.by_name.get(&key) {
            if let Some(known) = self.names.get_mut(*at).filter(|known| fresh.first < known.first) {
                (known.first, known.reads) = (fresh.first, fresh.reads);
            }
            return *at;
        }
        let at = self.names.len();
        self.names.push(Name { source: key.0.clone(), name: key.1.clone(), records: 0, ..fresh.clone() });
        self.by_name.insert(key, at);
        at
    }

    /// Notes when a record was. Times of one form sort as texts do; one that is no time is not noted.
    pub(crate) fn at_time(&mut self, time: &[u8; 20]) {
        let (first, last) = (self.from.is_none_or(|from| *time < from), self.to.is_none_or(|to| *time > to));
        let is_time = || str::from_utf8(time).is_ok_and(|text| text.parse::<jiff::Timestamp>().is_ok());
        if (first || last) && is_time() {
            if first {
                self.from = Some(*time);
            }
            if last {
                self.to = Some(*time);
            }
        }
    }

    /// Names a file that could not be read to its end.
    pub(crate) fn unreadable(&mut self, file: Unreadable) {
        self.files.unreadable.total += 1;
        if self.files.unreadable.rows.len() < MOST_UNREADABLE {
            // A name in an archive can be as long as its author likes.
            let path = file.path.chars().take(LONGEST_PATH).collect();
            self.files.unreadable.rows.push(Unreadable { path, ..file });
        }
    }

    /// Adds what another reader counted.
    pub(crate) fn merge(&mut self, other: Self) {
        for name in other.names {
            let records = name.records;
            let at = self.at(&name);
            if let Some(mine) = self.names.get_mut(at) {
                mine.records += records;
            }
        }
        self.files.read += other.files.read;
        self.files.bytes += other.files.bytes;
        self.files.inflated += other.files.inflated;
        for (kind, count) in other.files.other {
            *self.files.other.entry(kind).or_default() += count;
        }
        self.files.unreadable.total += other.files.unreadable.total;
        self.files.unreadable.rows.extend(other.files.unreadable.rows);
        let Records { read, unreadable, duplicates, failed, watched } = other.records;
        self.records.read += read;
        self.records.unreadable += unreadable;
        self.records.duplicates += duplicates;
        self.records.failed += failed;
        self.records.watched += watched;
        for time in [other.from, other.to].into_iter().flatten() {
            self.at_time(&time);
        }
        for (kind, count) in other.invocations {
            *self.invocations.entry(kind).or_default() += count;
        }
    }

    /// The files that were named, in order.
    pub(crate) fn files(&mut self) -> Files {
        let mut files = std::mem::take(&mut self.files);
        files.unreadable.rows.sort();
        files.unreadable.rows.truncate(SHOWN);
        files
    }

    /// Calls by name, most first; those that change something and that nobody watches.
    pub(crate) fn events(&self) -> (Listed<EventRow>, Listed<EventRow>) {
        let row = |name: &Name| EventRow {
            source: name.source.clone(),
            name: name.name.clone(),
            records: name.records,
            watched_by: KINDS
                .iter()
                .enumerate()
                .filter(|(at, _)| name.wakes >> at & 1 == 1)
                .map(|(_, kind)| kind.name)
                .collect(),
        };
        let order = |a: &EventRow, b: &EventRow| {
            (Reverse(a.records), &a.source, &a.name).cmp(&(Reverse(b.records), &b.source, &b.name))
        };
        let mut all: Vec<EventRow> = self.names.iter().map(row).collect();
        all.sort_by(order);
        let mut gaps: Vec<EventRow> =
            self.names.iter().filter(|name| !name.reads && !name.is_watched()).map(row).collect();
        gaps.sort_by(order);
        // Every name is in the document: counts by name are what a log is known by.
        (Listed { total: all.len() as u64, rows: all }, listed(gaps))
    }
}

/// One control's verdicts.
#[derive(Debug, Default)]
pub(crate) struct OfControl {
    pub(crate) counts: Counts,
    why: Bounded<(Verdict, String), u64>,
    pub(crate) exposures: u64,
    pub(crate) open: u64,
    pub(crate) longest: i64,
    pub(crate) exposed: i64,
}

impl OfControl {
    pub(crate) fn why(&mut self, verdict: Verdict, why: &str) {
        *self.why.entry((verdict, why.to_owned()), || (verdict, "(others)".to_owned())) += 1;
    }

    /// Its counts, and the reasons, most first.
    pub(crate) fn into_why(self) -> Vec<WhyRow> {
        let mut rows = self.why.into_rows(|(verdict, why), count| WhyRow { verdict, why, count });
        rows.sort_by(|a, b| (Reverse(a.count), a.verdict, &a.why).cmp(&(Reverse(b.count), b.verdict, &b.why)));
        rows
    }
}

/// The verdicts of some resources.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    pub(crate) all: Counts,
    /// By kind and control.
    pub(crate) controls: BTreeMap<(usize, &'static str), OfControl>,
    pub(crate) accounts: Bounded<String, Counts>,
    pub(crate) actors: Bounded<String, Counts>,
    pub(crate) tools: Bounded<String, Counts>,
    pub(crate) days: Bounded<String, Counts>,
    pub(crate) heat: Bounded<(String, &'static str), Counts>,
    pub(crate) hours: Hours,
    exposures: BinaryHeap<Reverse<Longest>>,
    exposures_seen: u64,
    tugs: Vec<TugRow>,
    tugs_seen: u64,
    pub(crate) duplicates: u64,
    /// Of the calls that wake each kind, those that came a second time.
    pub(crate) woken_again: BTreeMap<usize, u64>,
}

/// An exposure by its length.
#[derive(Debug)]
struct Longest(Exposure);

impl Longest {
    fn key(&self) -> impl Ord + '_ {
        let Exposure { resource, control, opened, account, region, .. } = &self.0;
        (self.0.seconds, self.0.severity, Reverse((resource, control, *opened, account, region)))
    }
}

impl PartialEq for Longest {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Longest {}

impl PartialOrd for Longest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Longest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Verdicts {
    pub(crate) fn exposed(&mut self, kind: usize, exposure: Exposure) {
        let control = self.controls.entry((kind, exposure.control)).or_default();
        control.exposures += 1;
        control.open += u64::from(exposure.closed.is_none());
        control.longest = control.longest.max(exposure.seconds);
        control.exposed = control.exposed.saturating_add(exposure.seconds);
        self.exposures_seen += 1;
        self.keep(exposure);
    }

    fn keep(&mut self, exposure: Exposure) {
        self.exposures.push(Reverse(Longest(exposure)));
        if self.exposures.len() > SHOWN {
            self.exposures.pop();
        }
    }

    pub(crate) fn tug(&mut self, row: TugRow) {
        self.tugs_seen += 1;
        self.tugs.push(row);
        if self.tugs.len() > 2 * SHOWN {
            self.sort_tugs();
        }
    }

    /// Those that were fought most, in an order that does not hang on who found them.
    fn sort_tugs(&mut self) {
        let key =
            |row: &TugRow| (Reverse(row.times), row.resource.clone(), row.control, row.since, row.account.clone());
        self.tugs.sort_by_cached_key(key);
        self.tugs.truncate(SHOWN);
    }

    pub(crate) fn take_tugs(&mut self) -> Listed<TugRow> {
        self.sort_tugs();
        Listed { total: self.tugs_seen, rows: std::mem::take(&mut self.tugs) }
    }

    pub(crate) fn take_exposures(&mut self) -> Listed<Exposure> {
        let mut rows: Vec<Longest> = std::mem::take(&mut self.exposures).into_iter().map(|Reverse(row)| row).collect();
        rows.sort_by(|a, b| b.cmp(a));
        Listed { total: self.exposures_seen, rows: rows.into_iter().map(|row| row.0).collect() }
    }

    /// Adds the verdicts of other resources.
    pub(crate) fn merge(&mut self, other: Self) {
        add(&mut self.all, other.all);
        for (key, theirs) in other.controls {
            let mine = self.controls.entry(key).or_default();
            add(&mut mine.counts, theirs.counts);
            mine.exposures += theirs.exposures;
            mine.open += theirs.open;
            mine.longest = mine.longest.max(theirs.longest);
            mine.exposed = mine.exposed.saturating_add(theirs.exposed);
            for ((verdict, why), count) in theirs.why.map {
                *mine.why.entry((verdict, why), || (verdict, "(others)".to_owned())) += count;
            }
        }
        for (mine, theirs) in [
            (&mut self.accounts, other.accounts),
            (&mut self.actors, other.actors),
            (&mut self.tools, other.tools),
            (&mut self.days, other.days),
        ] {
            for (key, counts) in theirs.map {
                add(mine.entry(key, others), counts);
            }
        }
        for (key, counts) in other.heat.map {
            let control = key.1;
            add(self.heat.entry(key, || (others(), control)), counts);
        }
        self.hours.merge(other.hours);
        self.exposures_seen += other.exposures_seen;
        for Reverse(Longest(exposure)) in other.exposures {
            self.keep(exposure);
        }
        self.tugs_seen += other.tugs_seen;
        self.tugs.extend(other.tugs);
        self.duplicates += other.duplicates;
        for (kind, count) in other.woken_again {
            *self.woken_again.entry(kind).or_default() += count;
        }
    }
}

/// The key of what does not fit.
pub(crate) fn others() -> String {
    "(others)".to_owned()
}

fn add(to: &mut Counts, more: Counts) {
    to.would_correct += more.would_correct;
    to.would_tell += more.would_tell;
    to.exempt += more.exempt;
    to.ignored += more.ignored;
    to.needs_live_state += more.needs_live_state;
}
