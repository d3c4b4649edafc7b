//! From texts to records: the forms in which people have CloudTrail, and what each record is to the kinds.

mod damage;
mod what;
mod window;

use std::{
    borrow::Cow,
    io::{self, Read},
};

use rectify_controls::{AccountId, Place, Region};
use rectify_event::{Event, Record};

use self::{
    damage::{Between, is_whole, next_line},
    what::{Who, in_doubt, leads},
    window::fill,
};
use crate::{
    form::{Form, form},
    input::{Broken, Sink},
    kinds::{KINDS, Target},
    lead::{Lead, What},
    record::{called, moment, offset, time},
    report::Unreadable,
    run::Shared,
    scan::{Object, Scanner, Skip},
    tally::Seen,
};

/// No record is larger: CloudTrail's have at most 256 KB, those with everything about a call 1 MB.
const LARGEST: usize = 16 << 20;
/// How deep records may be in texts in records.
const DEPTH: u8 = 4;
/// How often reading begins again in a text, behind an object without an end.
const AGAIN: usize = 64;

const BOM: &[u8] = "\u{feff}".as_bytes();
const MIDDLE: &str = "it ends in the middle of a record";

/// One thread's reading.
pub(crate) struct Reading<'s> {
    shared: &'s Shared<'s>,
    scanner: Scanner,
    window: Vec<u8>,
    pub(crate) seen: Seen,
    /// What is known of the file that is being read.
    file: OfFile,
    /// An export left nothing of the record's request that can be read.
    without_request: bool,
    /// Numbers the records of this thread's files in their order.
    at: u64,
    /// Why a lead could not be kept; ends the replay.
    pub(crate) failed: Option<io::Error>,
}

#[derive(Default)]
struct OfFile {
    records: u64,
    /// Pieces that are no records.
    unreadable: u64,
    /// Records that count by their names, and of which nothing can be said.
    unread: u64,
    /// Pieces that are larger than any record.
    large: u64,
    /// Records with bytes that are no text.
    replaced: u64,
    /// Pieces of another kind.
    other: Option<&'static str>,
    /// The first two bytes that are no spaces.
    first: [Option<u8>; 2],
    /// The last one.
    last: Option<u8>,
    /// Containers that have not ended.
    containers: usize,
    /// What stands behind the last object.
    between: Between,
}

impl OfFile {
    fn look(&mut self, text: &[u8]) {
        let mut bytes = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace());
        match self.first {
            [None, _] => self.first = [bytes.next(), bytes.next()],
            // What is left of a window is seen twice; in a text that is hardly begun that is all of it.
            [Some(first), None] => {
                let second = bytes.next().filter(|byte| *byte != first).or_else(|| bytes.next());
                self.first = [Some(first), second];
            }
            _ => {}
        }
        self.last = text.iter().rev().copied().find(|byte| !byte.is_ascii_whitespace()).or(self.last);
    }

    /// More was to come: it ends between two records.
    fn is_cut(&self) -> bool {
        self.containers > 0 || (matches!(self.first, [Some(b'['), None | Some(b'{')]) && self.last != Some(b']'))
    }

    /// What is wrong with pieces of it.
    fn broken(&self) -> Option<String> {
        let said = |count: u64, one: &str, more: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {more}")),
        };
        let all = [
            said(self.unreadable, "piece is no record", "pieces are no records"),
            said(self.large, "piece has more than 16 MiB, as no record", "pieces have more than 16 MiB, as no record"),
            said(
                self.unread,
                "record of a watched call is not JSON to its end, or names no valid account, region or time: it counts by its name, and no control was asked",
                "records of watched calls are not JSON to their ends, or name no valid account, region or time: they count by their names, and no control was asked",
            ),
            said(
                self.replaced,
                "record has bytes that are not UTF-8: it was read with other characters in their place",
                "records have bytes that are not UTF-8: they were read with other characters in their place",
            ),
        ];
        all.into_iter().flatten().reduce(|all, more| format!("{all}; {more}"))
    }
}

impl<'s> Reading<'s> {
    pub(crate) fn new(shared: &'s Shared<'s>) -> Self {
        Self {
            shared,
            scanner: Scanner::new(),
            window: Vec::new(),
            seen: Seen::default(),
            file: OfFile::default(),
            without_request: false,
            at: 0,
            failed: None,
        }
    }

    /// The next items have this number in the order of the input.
    pub(crate) fn number(&mut self, item: u64) {
        self.at = item << 32;
    }

    /// The text is over: says what it was.
    fn end(&mut self, path: &str, why: Option<String>) {
        let mut file = std::mem::take(&mut self.file);
        if file.records > 0 {
            file.unreadable += file.between.ends();
        }
        let broken = match (why, file.broken()) {
            (Some(why), Some(broken)) => Some(format!("{why}; {broken}")),
            (why, broken) => why.or(broken),
        };
        self.seen.records.unreadable += file.unreadable + file.unread + file.large;
        match (file.records, file.other) {
            (0, Some(what)) if broken.is_none() => *self.seen.files.other.entry(what.to_owned()).or_default() += 1,
            _ => self.seen.files.read += 1,
        }
        if let Some(why) = broken {
            self.seen.unreadable(Unreadable { path: path.to_owned(), why, records: file.records });
        }
    }

    /// All objects of `text`; how much of it is done, and whether something in it has no end.
    fn objects(&mut self, text: &[u8], last: bool) -> (usize, bool) {
        let scanner = self.scanner.clone();
        let mut end = 0;
        let left = scanner.objects(text, last, |object| {
            let begin = offset(text, object.text);
            self.file.between.feed(text.get(end..begin).unwrap_or_default());
            self.file.unreadable += self.file.between.ends();
            end = begin + object.text.len();
            self.object(&object);
        });
        self.file.between.feed(text.get(end..left.done).unwrap_or_default());
        self.file.containers = self.file.containers.saturating_sub(left.closed) + left.opened;
        (left.done, left.open)
    }

    fn object(&mut self, object: &Object<'_>) {
        self.at += 1;
        match object.name {
            Some(name) => {
                let called = called(object, name);
                self.record(object, called.as_ref());
            }
            None => self.nameless(object.text, 0),
        }
    }

    /// `text` from where its first whole line begins, when it begins in the middle of one.
    fn begun<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        match next_line(text).filter(|_| !is_whole(text)).and_then(|next| text.get(next..)) {
            Some(rest) => {
                self.file.unreadable += 1;
                rest
            }
            None => text,
        }
    }

    /// All of `text`, behind which there is nothing. Why that is no log, or no whole one.
    ///
    /// An object without an end takes with it what follows, unless that stands on lines of its own, as in a file to which somebody was
    /// still writing when another began.
    fn all(&mut self, mut text: &[u8]) -> Option<String> {
        for _ in 0..AGAIN {
            let (done, open) = self.objects(text, true);
            if !open {
                return nothing(&self.file);
            }
            let behind = text.get(done..).unwrap_or_default();
            let Some(next) = next_line(behind) else { break };
            self.file.unreadable += 1;
            self.file.between = Between::default();
            text = behind.get(next..).unwrap_or_default();
        }
        Some(MIDDLE.to_owned())
    }

    fn record(&mut self, object: &Object<'_>, called: Option<&crate::record::Called<'_>>) {
        if object.text.len() > LARGEST {
            self.file.large += 1;
            return;
        }
        let Some(name) = self.seen.count(object, called, self.at) else {
            self.file.unreadable += 1;
            return;
        };
        let (watched, wakes, hints) = (name.is_watched(), name.wakes, name.hints);
        self.file.records += 1;
        if let Some(time) = called.and_then(|called| time(object, called)) {
            self.seen.at_time(time);
        }
        if watched {
            let text = String::from_utf8_lossy(object.text);
            // What stands in their place is in no valid name.
            self.file.replaced += u64::from(matches!(text, Cow::Owned(_)));
            if self.watched(&text, false, wakes, hints).is_none() {
                self.file.unread += 1;
            }
        }
    }

    /// An object that is no record by itself, in so many others.
    fn nameless(&mut self, text: &[u8], depth: u8) {
        let text = String::from_utf8_lossy(text);
        match form(&text) {
            Form::Envelope => self.envelope(&text),
            Form::Records(records) => {
                for record in records {
                    self.text(record.as_bytes(), depth);
                }
            }
            Form::Texts(records) => {
                for record in records {
                    self.text(record.as_bytes(), depth);
                }
            }
            Form::Other(what) => self.file.other = Some(what),
            // Or one whose key only a parser can read.
            Form::Broken => self.record(&Object { text: text.as_bytes(), name: None }, None),
        }
    }

    /// A text inside another.
    fn text(&mut self, text: &[u8], depth: u8) {
        let scanner = self.scanner.clone();
        let mut any = false;
        let left = scanner.objects(text, true, |object| {
            any = true;
            match object.name {
                Some(_) => self.object(&object),
                None if depth < DEPTH => self.nameless(object.text, depth + 1),
                None => self.file.unreadable += 1,
            }
        });
        if !any || left.open {
            self.file.unreadable += 1;
        }
    }

    /// An event as EventBridge has it: of a call, of a service, or a finding.
    fn envelope(&mut self, text: &str) {
        let Ok(event) = Event::parse(text) else {
            self.file.unreadable += 1;
            return;
        };
        let (name, sample) = match event.record() {
            Some(record) => {
                ((record.event_source.to_string(), record.event_name.to_string()), record.event_time.as_deref())
            }
            None => (
                (event.envelope.source.to_string(), event.envelope.detail_type.to_string()),
                event.envelope.time.as_deref(),
            ),
        };
        if let Some(time) = sample
            .and_then(|time| time.as_bytes().first_chunk().copied())
            .filter(|time: &[u8; 20]| time.ends_with(b"Z"))
        {
            self.seen.at_time(&time);
        }
        let (wakes, hints) = self.seen.count_named(name.0, name.1, text.as_bytes(), self.at);
        self.file.records += 1;
        if wakes | hints != 0 && self.watched(text, true, wakes, hints).is_none() {
            self.file.unread += 1;
        }
    }

    /// Makes leads of a record or an envelope that these kinds watch. `None`: it cannot be read, or does not say when or where it was.
    fn watched(&mut self, text: &str, envelope: bool, wakes: u32, hints: u32) -> Option<()> {
        let event = if envelope { Event::parse(text) } else { Event::of_record(text) }.ok()?;
        let when = event.record().and_then(|record| record.event_time.as_deref()).or(event.envelope.time.as_deref())?;
        let when = moment(when)?;
        if let Some(time) = when.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().as_bytes().first_chunk() {
            self.seen.at_time(time);
        }
        self.seen.records.watched += 1;
        let failed = event.record().is_some_and(Record::failed);
        self.seen.records.failed += u64::from(failed);
        let account = event.envelope.account.as_deref().unwrap_or_default();
        let region = event.envelope.region.as_deref().unwrap_or_default();
        let place = Place { account: AccountId::new(account).ok()?, region: Region::new(region).ok()? };
        let who = Who::of(&event);
        let mut first = true;
        for (number, (kind, watch)) in KINDS.iter().zip(self.shared.watches).enumerate() {
            let (woken, hinted) = (wakes >> number & 1 == 1, hints >> number & 1 == 1);
            if !woken && !hinted {
                continue;
            }
            let mut wakes = woken && !failed;
            if wakes {
                *self.seen.invocations.entry(number).or_default() += 1;
            }
            let lead = |target: Option<&Target>, selection: u64, what: What, (first, wakes): (bool, bool)| Lead {
                kind: u8::try_from(number).unwrap_or_default(),
                account: account.to_owned(),
                arn: target.map(|target| target.arn.as_str().to_owned()).unwrap_or_default(),
                time: when.as_second(),
                later: !who.makes,
                at: self.at,
                first,
                wakes,
                selection,
                event: who.event.clone(),
                id: who.id.clone(),
                by: who.by.clone(),
                actor: who.actor.clone(),
                tool: who.tool.clone(),
                own: who.own,
                region: target.map_or(region, |target| target.home.region.as_str()).to_owned(),
                what,
            };
            for (target, selection, what) in leads(watch.as_ref(), kind, &event, &place, woken, (text, envelope)) {
                let what = if self.without_request { in_doubt(what) } else { what };
                let lead = lead(target.as_ref(), selection, what, (first, wakes));
                (first, wakes) = (false, false);
                if let Err(error) = self.shared.put(lead) {
                    self.failed.get_or_insert(error);
                }
            }
            if kind.is_wide(&event) {
                let what = What::Wide { text: text.to_owned(), envelope };
                if let Err(error) = self.shared.put_everywhere(&lead(None, 0, what, (false, false))) {
                    self.failed.get_or_insert(error);
                }
            }
        }
        Some(())
    }
}

impl Sink for Reading<'_> {
    fn whole(&mut self, path: &str, text: &[u8]) {
        self.seen.files.inflated += text.len() as u64;
        let text = text.strip_prefix(BOM).unwrap_or(text);
        if crate::table::is_table(text) {
            return self.table(path, &mut &*text);
        }
        self.file.look(text);
        let text = self.begun(text);
        let why = self.all(text);
        self.end(path, why);
    }

    fn stream(&mut self, path: &str, reader: &mut dyn Read) {
        let mut window = std::mem::take(&mut self.window);
        let mut filled = 0;
        let mut begins = true;
        let mut skip: Option<Skip> = None;
        let why = loop {
            if self.shared.is_stopped() || self.failed.is_some() {
                break None;
            }
            let (read, error) = fill(reader, &mut window, filled, self.shared.limits.window);
            filled += read;
            self.seen.files.inflated += read as u64;
            let mut text = window.get(..filled).unwrap_or_default();
            if std::mem::take(&mut begins) {
                text = text.strip_prefix(BOM).unwrap_or(text);
                if crate::table::is_table(text) {
                    self.table(path, &mut text.chain(Broken(error)).chain(reader));
                    self.window = window;
                    return;
                }
                if !is_whole(text) && next_line(text).is_none() && read > 0 && text.len() < LARGEST {
                    begins = true;
                    continue;
                }
                text = self.begun(text);
            }
            self.file.look(text);
            if let Some(mut one) = skip.take() {
                let end = one.feed(text);
                text = end.and_then(|end| text.get(end..)).unwrap_or_default();
                skip = end.is_none().then_some(one);
            }
            if let Some(error) = error {
                self.all(text);
                break Some(format!("it cannot be read to its end: {error}"));
            }
            if read == 0 {
                break if skip.is_some() { Some(MIDDLE.to_owned()) } else { self.all(text) };
            }
            let (mut done, _) = self.objects(text, false);
            let mut again = 0..AGAIN;
            while text.len() - done > LARGEST {
                let behind = text.get(done..).unwrap_or_default();
                if let Some(next) = next_line(behind).filter(|_| again.next().is_some()) {
                    self.file.unreadable += 1;
                    done += next + self.objects(behind.get(next..).unwrap_or_default(), false).0;
                } else {
                    self.file.large += 1;
                    let mut one = Skip::default();
                    one.feed(behind);
                    skip = Some(one);
                    done = text.len();
                }
            }
            let left = text.len() - done;
            window.copy_within(filled - left..filled, 0);
            filled = left;
        };
        self.window = window;
        self.end(path, why);
    }

    fn unreadable(&mut self, path: &str, why: &str) {
        self.seen.unreadable(Unreadable { path: path.to_owned(), why: why.to_owned(), records: 0 });
    }

    fn stopped(&self) -> bool {
        self.shared.is_stopped()
    }
}

impl Reading<'_> {
    fn table(&mut self, path: &str, reader: &mut dyn Read) {
        let result = crate::table::records(reader, |record, is_read| {
            self.without_request = !is_read;
            self.text(record.as_bytes(), 0);
        });
        self.without_request = false;
        self.end(path, result.err());
    }
}

/// Why a text in which there is nothing at all is no log.
fn nothing(file: &OfFile) -> Option<String> {
    let seen = file.records > 0 || file.broken().is_some() || file.other.is_some();
    match file.first[0] {
        _ if file.is_cut() => Some("it ends before its list of records does".to_owned()),
        // A file without events in it.
        Some(b'{' | b'[') => None,
        _ if seen => None,
        None => Some("it is empty".to_owned()),
        Some(_) => Some("there is no JSON in it".to_owned()),
    }
}
