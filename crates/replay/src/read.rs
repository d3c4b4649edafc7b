//! From texts to records: the forms in which people have CloudTrail, and what each record is to the kinds.

use std::io::{self, Read};

use rectify_controls::{AccountId, Place, Region};
use rectify_event::{Event, Record};

use crate::{
    form::{Form, form},
    input::Sink,
    kinds::{KINDS, Target, Watch},
    lead::{Lead, What},
    record::{called, moment, time},
    report::Unreadable,
    run::Shared,
    scan::{Object, Scanner},
    tally::Seen,
};

/// A window of a text that does not fit into memory.
const WINDOW: usize = 4 << 20;
/// No record is larger: CloudTrail's have at most 256 KB, those with everything about a call 1 MB.
const LARGEST: usize = 16 << 20;

/// How many wrappings of other systems a record may have.
const DEEPEST: u8 = 4;

/// One thread's reading.
pub(crate) struct Reading<'s> {
    shared: &'s Shared<'s>,
    scanner: Scanner,
    window: Vec<u8>,
    pub(crate) seen: Seen,
    /// What is known of the file that is being read.
    file: OfFile,
    /// Numbers the records of this thread's files in their order.
    at: u64,
    /// Why a lead could not be kept; ends the replay.
    pub(crate) failed: Option<io::Error>,
}

#[derive(Default)]
struct OfFile {
    records: u64,
    unreadable: u64,
    /// Pieces of another kind.
    other: Option<&'static str>,
}

impl<'s> Reading<'s> {
    pub(crate) fn new(shared: &'s Shared<'s>) -> Self {
        Self {
            shared,
            scanner: Scanner::new(),
            window: Vec::new(),
            seen: Seen::default(),
            file: OfFile::default(),
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
        let file = std::mem::take(&mut self.file);
        let broken = match (why, file.unreadable) {
            (Some(why), _) => Some(why),
            (None, 0) => None,
            (None, 1) => Some("1 piece is no record, or names no account, region or time".to_owned()),
            (None, pieces) => Some(format!("{pieces} pieces are no records, or name no account, region or time")),
        };
        self.seen.records.unreadable += file.unreadable;
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
        let left = scanner.objects(text, last, |object| self.object(&object));
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

    fn record(&mut self, object: &Object<'_>, called: Option<&crate::record::Called<'_>>) {
        let Some(name) = self.seen.count(object, called) else {
            self.file.unreadable += 1;
            return;
        };
        let (watched, wakes, hints) = (name.is_watched(), name.wakes, name.hints);
        self.file.records += 1;
        if let Some(time) = called.and_then(|called| time(object, called)) {
            self.seen.at_time(time);
        }
        if watched {
            let read = str::from_utf8(object.text).ok().and_then(|text| self.watched(text, false, wakes, hints));
            if read.is_none() {
                self.unread();
            }
        }
    }

    /// A record that counts by its name, and of which no more can be read.
    fn unread(&mut self) {
        self.file.unreadable += 1;
    }

    /// An object that is no record by itself.
    fn nameless(&mut self, text: &[u8], depth: u8) {
        let Ok(text) = str::from_utf8(text) else {
            self.file.unreadable += 1;
            return;
        };
        match form(text) {
            Form::Envelope => self.envelope(text),
            Form::Records(records) => {
                for record in records {
                    self.text(record.as_bytes(), depth + 1);
                }
            }
            Form::Texts(records) => {
                for record in records {
                    self.text(record.as_bytes(), depth + 1);
                }
            }
            Form::Other(what) => self.file.other = Some(what),
            Form::Broken => self.file.unreadable += 1,
        }
    }

    /// A text inside another, so deep.
    fn text(&mut self, text: &[u8], depth: u8) {
        let scanner = self.scanner.clone();
        let mut any = false;
        scanner.objects(text, true, |object| {
            any = true;
            match object.name {
                Some(_) => self.object(&object),
                None if depth < DEEPEST => self.nameless(object.text, depth),
                None => self.file.unreadable += 1,
            }
        });
        if !any {
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
        let (wakes, hints) = self.seen.count_named(name.0, name.1, text.as_bytes());
        self.file.records += 1;
        if wakes | hints != 0 && self.watched(text, true, wakes, hints).is_none() {
            self.unread();
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
            if woken && !failed {
                *self.seen.invocations.entry(number).or_default() += 1;
            }
            let lead = |target: Option<&Target>, selection: u64, what: What, first: bool| Lead {
                kind: u8::try_from(number).unwrap_or_default(),
                account: account.to_owned(),
                arn: target.map(|target| target.arn.as_str().to_owned()).unwrap_or_default(),
                time: when.as_second(),
                at: self.at,
                first,
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
                let lead = lead(target.as_ref(), selection, what, first);
                first = false;
                if let Err(error) = self.shared.put(lead) {
                    self.failed.get_or_insert(error);
                }
            }
        }
        Some(())
    }
}

type Found = (Option<Target>, u64, What);

/// What `event` is to one kind.
fn leads(
    watch: &dyn Watch,
    kind: &crate::kinds::Entry,
    event: &Event<'_>,
    place: &Place,
    woken: bool,
    (text, envelope): (&str, bool),
) -> Vec<Found> {
    // What an ignored event could have broken: the controls of its trigger.
    let of_trigger = || {
        let name = event.record().map(|record| record.event_name.as_ref());
        let controls =
            kind.triggers.iter().filter(|trigger| Some(trigger.name) == name).flat_map(|trigger| trigger.controls);
        kind.bits(&controls.copied().collect())
    };
    let told = |suspicious: bool| What::Told { text: text.to_owned(), envelope, suspicious };
    if !woken {
        let known = watch.hinted(event, place).into_iter().filter(|target| target.told && !target.leads);
        return known.map(|target| (Some(target), 0, told(false))).collect();
    }
    match watch.screen(event, place) {
        Err(why) => {
            let controls = of_trigger();
            if controls == 0 { Vec::new() } else { vec![(None, controls, What::Ignored(reason(&why)))] }
        }
        Ok(look) => look
            .targets
            .into_iter()
            .map(|target| {
                let what = if target.leads {
                    What::Live("only the live state says which resources it leads to".to_owned())
                } else if target.told {
                    told(look.suspicious)
                } else {
                    What::Live("no log says how the resource stands".to_owned())
                };
                (Some(target), look.selection, what)
            })
            .collect(),
    }
}

/// Why, without what is different each time: reasons are counted.
fn reason(why: &rectify_controls::Ignored) -> String {
    use rectify_controls::Ignored;
    match why {
        Ignored::FailedCall(_) => "the call failed, so nothing changed".to_owned(),
        Ignored::NoResource(_) => "the event names no resource".to_owned(),
        other => other.to_string(),
    }
}

/// Who did it, in words that can be kept.
struct Who {
    event: String,
    id: Option<String>,
    by: String,
    actor: String,
    tool: Option<String>,
    own: bool,
}

/// Names are other people's to choose, also how long they are.
const LONGEST: usize = 300;

impl Who {
    fn of(event: &Event<'_>) -> Self {
        let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let Some(record) = event.record() else {
            let envelope = &event.envelope;
            let event = cut(&format!("{}:{}", envelope.source, envelope.detail_type));
            let id = envelope.id.as_deref().map(cut);
            return Self { event, id, by: cut(&envelope.source), actor: cut(&envelope.source), tool: None, own: false };
        };
        let actor = record.actor();
        let service = record.event_source.split('.').next().unwrap_or_default();
        Self {
            event: cut(&format!("{service}:{}", record.event_name)),
            id: record.event_id.as_deref().map(cut),
            by: cut(&actor.to_string()),
            actor: cut(actor
                .issuer
                .or(actor.principal)
                .or(actor.invoked_by)
                .or(actor.name)
                .unwrap_or("somebody unknown")),
            tool: record.tool().map(|tool| tool.name.to_owned()),
            own: record
                .issuer_arn()
                .and_then(|arn| arn.split_once(":role/"))
                .is_some_and(|(_, path)| path.starts_with(OWN)),
        }
    }
}

/// The path of every role of the suite.
const OWN: &str = "rectify/";

impl Sink for Reading<'_> {
    fn whole(&mut self, path: &str, text: &[u8]) {
        self.seen.files.inflated += text.len() as u64;
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        if crate::table::is_table(text) {
            return self.table(path, &mut &*text);
        }
        let (_, open) = self.objects(text, true);
        let why = if open { Some("it ends in the middle of a record".to_owned()) } else { nothing(text, &self.file) };
        self.end(path, why);
    }

    fn stream(&mut self, path: &str, reader: &mut dyn Read) {
        let mut window = std::mem::take(&mut self.window);
        window.clear();
        let mut first = true;
        let why = loop {
            if self.shared.is_stopped() || self.failed.is_some() {
                break None;
            }
            let (filled, error) = fill(reader, &mut window);
            self.seen.files.inflated += filled as u64;
            let last = filled == 0 || error.is_some();
            if first {
                first = false;
                if crate::table::is_table(&window) {
                    let rest = std::mem::take(&mut window);
                    self.table(path, &mut io::Cursor::new(rest).chain(reader));
                    return;
                }
            }
            let (done, open) = self.objects(&window, last);
            if let Some(error) = error {
                break Some(format!("it cannot be read to its end: {error}"));
            }
            if last {
                break if open {
                    Some("it ends in the middle of a record".to_owned())
                } else {
                    nothing(&window, &self.file)
                };
            }
            window.drain(..done);
            if window.len() > LARGEST {
                break Some("a piece of it has more than 16 MiB without an end".to_owned());
            }
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
        let result = crate::table::records(reader, |record| self.text(record.as_bytes(), 1));
        self.end(path, result.err());
    }
}

/// Why a text in which there is nothing at all is no log.
fn nothing(text: &[u8], file: &OfFile) -> Option<String> {
    let seen = file.records > 0 || file.unreadable > 0 || file.other.is_some();
    if seen {
        return None;
    }
    let text = text.trim_ascii();
    match text.first() {
        // A file without events in it.
        Some(b'{' | b'[') => None,
        None => Some("it is empty".to_owned()),
        Some(_) => Some("there is no JSON in it".to_owned()),
    }
}

/// Reads the next window behind what is left of the last one. What was read before an error counts.
fn fill(reader: &mut dyn Read, window: &mut Vec<u8>) -> (usize, Option<io::Error>) {
    let begin = window.len();
    window.resize(begin + WINDOW, 0);
    let mut end = begin;
    let error = loop {
        match window.get_mut(end..).map(|free| reader.read(free)) {
            None | Some(Ok(0)) => break None,
            Some(Ok(read)) => {
                end += read;
                if end == window.len() {
                    break None;
                }
            }
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(error)) => break Some(error),
        }
    };
    window.truncate(end);
    (end - begin, error)
}
