//! The whole replay: readers side by side, then the resources, then the report.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use jiff::Timestamp;
use rectify_controls::{AccountFacts, AccountId, Settings};

use crate::{
    cost::cost,
    fold::{Folder, Mark, Teller, tell},
    input::{Item, Reader},
    kinds::{KINDS, Watch},
    lead::{Lead, SHELVES, Shelf, shelf},
    read::Reading,
    report::{
        AccountRow, ActorRow, Changed, ControlRow, DayRow, HeatRow, Listed, Period, Report, Row, ToolRow, VERSION,
    },
    tally::{Seen, Verdicts, listed},
};

/// What bounds a replay's memory and time. Tests make it small.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of leads that are kept in memory, all shelves together.
    pub(crate) held: usize,
    /// Bytes of a text that does not fit into memory that are read at once.
    pub(crate) window: usize,
    /// Bytes that come out of an archive before anybody asks whether it is a bomb.
    pub(crate) bomb: u64,
}

const LIMITS: Limits = Limits { held: 32 << 20, window: 4 << 20, bomb: 1 << 30 };

/// How far a replay is, for whoever shows it, and the way to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes of the input, as stored, that have been read.
    pub bytes: AtomicU64,
    /// Items that are done.
    pub items: AtomicU64,
    /// Set it to stop: the answer is then about what has been read.
    pub stop: AtomicBool,
}

/// A replay: settings, and what is known of the organisation.
pub struct Replay<'a> {
    settings: &'a Settings,
    organization: Option<&'a BTreeMap<AccountId, AccountFacts>>,
    watches: Vec<Box<dyn Watch>>,
    threads: usize,
    limits: Limits,
}

/// What all readers share.
pub(crate) struct Shared<'s> {
    pub(crate) watches: &'s [Box<dyn Watch>],
    shelves: Vec<Mutex<Shelf>>,
    progress: &'s Progress,
    pub(crate) limits: Limits,
}

impl Shared<'_> {
    pub(crate) fn is_stopped(&self) -> bool {
        self.progress.stop.load(Ordering::Relaxed)
    }

    /// Keeps a lead until all are there.
    pub(crate) fn put(&self, lead: Lead) -> io::Result<()> {
        match self.shelves.get(shelf(&lead)) {
            Some(shelf) => self.put_on(shelf, lead),
            None => Ok(()),
        }
    }

    /// Keeps a lead that concerns every resource of its account.
    pub(crate) fn put_everywhere(&self, lead: &Lead) -> io::Result<()> {
        self.shelves.iter().try_for_each(|shelf| self.put_on(shelf, lead.clone()))
    }

    fn put_on(&self, shelf: &Mutex<Shelf>, lead: Lead) -> io::Result<()> {
        shelf.lock().unwrap_or_else(PoisonError::into_inner).put(lead, self.limits.held / SHELVES)
    }
}

/// Everything that was read.
struct Log {
    seen: Seen,
    shelves: Vec<Shelf>,
    period: Option<Period>,
    /// When the log ends.
    end: Timestamp,
}

/// Rows as they are written, when somebody wants them.
pub type Write<'w> = &'w mut dyn FnMut(&Row) -> io::Result<()>;

impl<'a> Replay<'a> {
    /// Under `settings`; `organization` is where accounts are in it, `None` when nobody says: then every account counts as one of ours.
    ///
    /// # Errors
    /// A sentence naming the option that makes no sense.
    pub fn new(
        settings: &'a Settings,
        organization: Option<&'a BTreeMap<AccountId, AccountFacts>>,
        threads: usize,
    ) -> Result<Self, String> {
        let watches = KINDS.iter().map(|kind| kind.open(settings)).collect::<Result<_, _>>()?;
        Ok(Self { settings, organization, watches, threads: threads.max(1), limits: LIMITS })
    }

    /// For tests: how many bytes of leads are held, how many are read at once, and how many come out of an archive before it can be a bomb.
    #[doc(hidden)]
    #[must_use]
    pub fn within(self, held: usize, window: usize, bomb: u64) -> Self {
        Self { limits: Limits { held, window: window.max(64), bomb }, ..self }
    }

    /// Reads `items` and says what would have been done. `rows` gets every verdict, in the order of resource and time.
    ///
    /// # Errors
    /// When there is no room for temporary files, or a row could not be written. What cannot be read is no error: the report names it.
    pub fn run(
        &self,
        items: impl Iterator<Item = Item> + Send,
        progress: &Progress,
        rows: Option<Write<'_>>,
    ) -> io::Result<Report> {
        let Log { seen, shelves, period, end } = self.read(items, progress)?;
        let folder = self.folder(end);
        let verdicts = self.fold(&folder, shelves, rows)?;
        Ok(report(seen, verdicts, period, &folder, progress.stop.load(Ordering::Relaxed)))
    }

    /// Reads `items` once and says what this replay and `other`, of other settings, make of them. `changed` gets each verdict that is
    /// not the same.
    ///
    /// # Errors
    /// As [`Replay::run`].
    pub fn compare(
        &self,
        other: &Replay<'_>,
        items: impl Iterator<Item = Item> + Send,
        progress: &Progress,
        changed: &mut dyn FnMut(&Changed) -> io::Result<()>,
    ) -> io::Result<[Report; 2]> {
        let Log { seen, shelves, period, end } = self.read(items, progress)?;
        let stopped = progress.stop.load(Ordering::Relaxed);
        let (one, two) = (self.folder(end), other.folder(end));
        let (pairs_before, pairs_after) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        let mut keep_before = |row: &Row, mark: &Mark| {
            pairs_before.borrow_mut().push((row.clone(), mark.clone()));
            Ok(())
        };
        let mut keep_after = |row: &Row, mark: &Mark| {
            pairs_after.borrow_mut().push((row.clone(), mark.clone()));
            Ok(())
        };
        let mut tellers = [Teller::new(&one, Some(&mut keep_before)), Teller::new(&two, Some(&mut keep_after))];
        for mut shelf in shelves {
            let mut over = |tellers: &[Teller<'_, '_, '_>]| {
                let (mut old, mut new) = (pairs_before.borrow_mut(), pairs_after.borrow_mut());
                if old.is_empty() && new.is_empty() {
                    return Ok(());
                }
                let [before, after] = tellers else { return Ok(()) };
                let waits = [before, after].map(|teller| |row: &Row, mark: &Mark| teller.waits(row.control, mark.at));
                differences(&mut old, &mut new, waits, changed)
            };
            tell(shelf.sorted()?, &mut tellers, &mut over)?;
        }
        let [before, after] = tellers.map(|teller| teller.verdicts);
        Ok([report(seen.clone(), before, period, &one, stopped), report(seen, after, period, &two, stopped)])
    }

    fn folder(&self, end: Timestamp) -> Folder<'_> {
        Folder { kinds: &self.watches, settings: self.settings, organization: self.organization, end }
    }

    /// Reads all items side by side.
    fn read(&self, items: impl Iterator<Item = Item> + Send, progress: &Progress) -> io::Result<Log> {
        let shelves = (0..SHELVES).map(|_| Mutex::default()).collect();
        let shared = Shared { watches: &self.watches, shelves, progress, limits: self.limits };
        let (send, receive) = mpsc::sync_channel::<(u64, Item)>(self.threads * 4);
        // The readers alone hold it, so that nobody waits to hand out an item when all of them are gone.
        let receive = Arc::new(Mutex::new(receive));
        let mut seen = thread::scope(|scope| {
            let readers: Vec<_> = (0..self.threads)
                .map(|_| {
                    let (receive, shared) = (Arc::clone(&receive), &shared);
                    scope.spawn(move || one_reader(&receive, shared))
                })
                .collect();
            drop(receive);
            for (number, item) in (0..).zip(items) {
                if shared.is_stopped() || send.send((number, item)).is_err() {
                    break;
                }
            }
            drop(send);
            let mut all = Seen::default();
            joined(readers)?.into_iter().for_each(|seen| all.merge(seen));
            Ok::<_, io::Error>(all)
        })?;
        seen.files.bytes = progress.bytes.load(Ordering::Relaxed);
        let period = period(&seen);
        let end = period.map_or(Timestamp::UNIX_EPOCH, |period| period.to);
        let shelves =
            shared.shelves.into_iter().map(|shelf| shelf.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(Log { seen, shelves: shelves.collect(), period, end })
    }

    fn fold(&self, folder: &Folder<'_>, mut shelves: Vec<Shelf>, rows: Option<Write<'_>>) -> io::Result<Verdicts> {
        if let Some(write) = rows {
            // One after the other: who reads the rows finds those of a resource together.
            let mut write = |row: &Row, _: &Mark| write(row);
            let mut teller = Teller::new(folder, Some(&mut write));
            for shelf in &mut shelves {
                tell(shelf.sorted()?, std::slice::from_mut(&mut teller), &mut |_| Ok(()))?;
            }
            return Ok(teller.verdicts);
        }
        let mut all = Verdicts::default();
        let shelves = Mutex::new(shelves);
        let next = || shelves.lock().unwrap_or_else(PoisonError::into_inner).pop();
        thread::scope(|scope| {
            let folders: Vec<_> = (0..self.threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut teller = Teller::new(folder, None);
                        while let Some(mut shelf) = next() {
                            tell(shelf.sorted()?, std::slice::from_mut(&mut teller), &mut |_| Ok(()))?;
                        }
                        Ok(teller.verdicts)
                    })
                })
                .collect();
            joined(folders)?.into_iter().for_each(|verdicts| all.merge(verdicts));
            Ok(all)
        })
    }
}

/// What all `threads` come to, or why one failed. All are waited for first: a scope panics over one that nobody asked.
fn joined<T>(threads: Vec<thread::ScopedJoinHandle<'_, io::Result<T>>>) -> io::Result<Vec<T>> {
    let ended: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
    ended.into_iter().map(|end| end.unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))).collect()
}

/// Gives `changed` what is not the same, in the order of the later. What one of both will still say something of is kept: of each control
/// that is at most one row, so that memory does not grow with the events of a resource.
fn differences(
    old: &mut Vec<(Row, Mark)>,
    new: &mut Vec<(Row, Mark)>,
    [old_waits, new_waits]: [impl Fn(&Row, &Mark) -> bool; 2],
    changed: &mut dyn FnMut(&Changed) -> io::Result<()>,
) -> io::Result<()> {
    for (row, mark) in std::mem::take(new) {
        let same = |(other, theirs): &(Row, Mark)| theirs.at == mark.at && other.control == row.control;
        match old.iter().position(same).map(|at| old.remove(at)) {
            Some((before, theirs)) if is_same((&before, &theirs), (&row, &mark)) => {}
            Some((before, _)) => changed(&Changed { before: Some(before), after: Some(row) })?,
            None if old_waits(&row, &mark) => new.push((row, mark)),
            None => changed(&Changed { before: None, after: Some(row) })?,
        }
    }
    for (row, mark) in std::mem::take(old) {
        if new_waits(&row, &mark) {
            old.push((row, mark));
        } else {
            changed(&Changed { before: Some(row), after: None })?;
        }
    }
    Ok(())
}

/// Whether both say the same, whichever line of the settings says so.
fn is_same((before, one): (&Row, &Mark), (after, other): (&Row, &Mark)) -> bool {
    let same_reason = match (&one.exemption, &other.exemption) {
        (Some(one), Some(other)) => one == other,
        _ => before.why == after.why,
    };
    same_reason && (before.verdict, before.severity, &before.changes) == (after.verdict, after.severity, &after.changes)
}

fn one_reader(items: &Mutex<mpsc::Receiver<(u64, Item)>>, shared: &Shared<'_>) -> io::Result<Seen> {
    let mut reader = Reader::new(&shared.progress.bytes, shared.limits);
    let mut reading = Reading::new(shared);
    let mut failed = None;
    // To the end of the items, also when nobody wants them any more: whoever hands them out waits for somebody to take them.
    loop {
        let next = items.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, item)) = next else { break };
        if shared.is_stopped() {
            continue;
        }
        reading.number(number);
        reader.read(item, &mut reading);
        shared.progress.items.fetch_add(1, Ordering::Relaxed);
        if let Some(error) = reading.failed.take() {
            shared.progress.stop.store(true, Ordering::Relaxed);
            failed = Some(error);
        }
    }
    failed.map_or(Ok(reading.seen), Err)
}

fn period(seen: &Seen) -> Option<Period> {
    let time = |text: Option<[u8; 20]>| str::from_utf8(&text?).ok()?.parse().ok();
    Some(Period { from: time(seen.from)?, to: time(seen.to)? })
}

fn report(
    mut seen: Seen,
    mut verdicts: Verdicts,
    period: Option<Period>,
    folder: &Folder<'_>,
    stopped: bool,
) -> Report {
    let (events, unwatched) = seen.events();
    for (kind, again) in &verdicts.woken_again {
        if let Some(count) = seen.invocations.get_mut(kind) {
            *count = count.saturating_sub(*again);
        }
    }
    seen.records.duplicates += verdicts.duplicates;
    let exposures = verdicts.take_exposures();
    let tug_of_war = verdicts.take_tugs();
    let budgets = std::mem::take(&mut verdicts.hours).budgets(&folder.settings.limits);
    let name = |account: &str| {
        let facts = folder.organization.and_then(|all| all.get(&AccountId::new(account).ok()?))?;
        facts.name.clone()
    };
    let environment = |account: &str| {
        folder.belonging(account).map_or_else(String::new, |belonging| belonging.environment.name.clone())
    };
    let accounts = verdicts.accounts.into_rows(|account, counts| AccountRow {
        name: name(&account),
        environment: environment(&account),
        account,
        counts,
    });
    let mut days = verdicts.days.into_rows(|day, counts| DayRow { day, counts });
    days.sort_by(|a, b| a.day.cmp(&b.day));
    Report {
        version: VERSION,
        stopped,
        files: seen.files(),
        records: seen.records,
        period,
        events,
        verdicts: verdicts.all,
        controls: verdicts
            .controls
            .into_iter()
            .filter_map(|((number, id), control)| {
                let kind = KINDS.get(number)?;
                let known = kind.controls.iter().find(|known| known.id == id)?;
                Some(ControlRow {
                    control: id,
                    title: known.title,
                    severity: known.severity,
                    kind: kind.name,
                    counts: control.counts,
                    exposures: control.exposures,
                    open: control.open,
                    longest: control.longest,
                    exposed: control.exposed,
                    why: listed(control.into_why()),
                })
            })
            .collect(),
        accounts: most(accounts, |row| row.counts, |row| row.account.clone()),
        actors: most(
            verdicts.actors.into_rows(|actor, counts| ActorRow { actor, counts }),
            |row| row.counts,
            |row| row.actor.clone(),
        ),
        tools: most(
            verdicts.tools.into_rows(|tool, counts| ToolRow { tool, counts }),
            |row| row.counts,
            |row| row.tool.clone(),
        ),
        days: Listed { total: days.len() as u64, rows: days },
        heat: most(
            verdicts.heat.into_rows(|(account, control), counts| HeatRow { account, control, counts }),
            |row| row.counts,
            |row| format!("{} {}", row.account, row.control),
        ),
        exposures,
        tug_of_war,
        budgets,
        cost: cost(&seen.invocations, period),
        unwatched,
    }
}

/// Rows with most to correct or tell first, then most to look at.
fn most<T>(mut rows: Vec<T>, counts: impl Fn(&T) -> crate::report::Counts, name: impl Fn(&T) -> String) -> Listed<T> {
    rows.sort_by_cached_key(|row| {
        let counts = counts(row);
        (std::cmp::Reverse((counts.heard(), counts.needs_live_state, counts.exempt, counts.ignored)), name(row))
    });
    listed(rows)
}
