//! What an event is about, kept until every file is read: only then can the events of one resource be told in the order of time.
//!
//! Leads are kept in memory up to a bound and then written to a temporary file, sorted, so that memory does not grow with the input. All
//! leads of one resource are in one [`Shelf`], whatever file they came from.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    hash::BuildHasher as _,
    io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _},
};

use foldhash::quality::FixedState;
use rectify_controls::Place;
use serde::{Deserialize, Serialize};

/// One event as it concerns one resource. Leads sort by kind, account, resource and time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Lead {
    /// Its place among the kinds.
    pub(crate) kind: u8,
    pub(crate) account: String,
    /// ARN; empty when the event names none.
    pub(crate) arn: String,
    /// Seconds since 1970.
    pub(crate) time: i64,
    /// It does not make the resource: what does comes first within a second, wherever it stood.
    pub(crate) later: bool,
    /// Where in the input it stood: tells the order within a second.
    pub(crate) at: u64,
    /// The first lead of its event: what is counted once for an event is counted here.
    pub(crate) first: bool,
    /// The first lead of an event that wakes the kind.
    pub(crate) wakes: bool,
    /// Bits of the controls that are asked; none for a hint.
    pub(crate) selection: u64,
    pub(crate) event: String,
    pub(crate) id: Option<String>,
    pub(crate) by: String,
    /// The role, user or service that counts as who did it.
    pub(crate) actor: String,
    pub(crate) tool: Option<String>,
    /// Our own correction made the call.
    pub(crate) own: bool,
    pub(crate) region: String,
    pub(crate) what: What,
}

/// What is to be made of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum What {
    /// The guard would have ended at once, for this reason.
    Ignored(String),
    /// Only the live state says anything, for this reason.
    Live(String),
    /// The event says how the resource stands: the whole of it, and whether it is an envelope.
    Told { text: String, envelope: bool },
    /// The event says something of every resource of the account. On every shelf, without an ARN: it comes before all that is about one.
    Wide { text: String, envelope: bool },
}

impl Lead {
    fn weight(&self) -> usize {
        let text = match &self.what {
            What::Told { text, .. } | What::Wide { text, .. } | What::Ignored(text) | What::Live(text) => text.len(),
        };
        let words = [&self.account, &self.arn, &self.event, &self.by, &self.actor, &self.region];
        text + words.iter().map(|word| word.len()).sum::<usize>() + 320
    }

    /// Whether it is about the same resource as `other`.
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        (self.kind, &self.account, &self.arn) == (other.kind, &other.account, &other.arn)
    }

    /// Where it stands among the leads of its resource.
    pub(crate) const fn order(&self) -> (i64, bool, u64) {
        (self.time, self.later, self.at)
    }

    /// Whether it is about the same kind and account as `other`.
    pub(crate) fn is_of_the_account_of(&self, other: &Self) -> bool {
        (self.kind, &self.account) == (other.kind, &other.account)
    }

    pub(crate) fn place(&self) -> Option<Place> {
        let account = rectify_controls::AccountId::new(self.account.as_str()).ok()?;
        Some(Place { account, region: rectify_controls::Region::new(self.region.as_str()).ok()? })
    }
}

/// How many shelves there are: more than processors, so that they all have work.
pub(crate) const SHELVES: usize = 16;

/// On which shelf the leads of a resource are.
pub(crate) fn shelf(lead: &Lead) -> usize {
    let hash = FixedState::default().hash_one((lead.kind, &lead.account, &lead.arn));
    usize::try_from(hash % SHELVES as u64).unwrap_or_default()
}

/// The leads of some resources.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    held: Vec<Lead>,
    weight: usize,
    runs: Vec<File>,
}

impl Shelf {
    /// Puts one more on it, and writes out what is more than `most` bytes.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub(crate) fn put(&mut self, lead: Lead, most: usize) -> io::Result<()> {
        self.weight += lead.weight();
        self.held.push(lead);
        if self.weight > most { self.write_out() } else { Ok(()) }
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for lead in self.held.drain(..) {
            let bytes = serde_json::to_vec(&lead)?;
            out.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes())?;
            out.write_all(&bytes)?;
        }
        self.weight = 0;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        // Each run is an open file with a buffer.
        if self.runs.len() >= 64 { self.merge() } else { Ok(()) }
    }

    /// Makes one run of all.
    fn merge(&mut self) -> io::Result<()> {
        let runs = std::mem::take(&mut self.runs);
        let mut merged = Self { held: Vec::new(), weight: 0, runs };
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for lead in merged.sorted()? {
            let bytes = serde_json::to_vec(&lead?)?;
            out.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes())?;
            out.write_all(&bytes)?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// All leads in order. The shelf is empty afterwards.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub(crate) fn sorted(&mut self) -> io::Result<Sorted> {
        let mut held = std::mem::take(&mut self.held);
        self.weight = 0;
        held.sort_unstable();
        let mut runs: Vec<Run> =
            std::mem::take(&mut self.runs).into_iter().map(|file| Run::File(BufReader::new(file))).collect();
        runs.push(Run::Held(held.into_iter()));
        let mut heads = BinaryHeap::new();
        for (number, run) in runs.iter_mut().enumerate() {
            heads.extend(run.next()?.map(|lead| Reverse((lead, number))));
        }
        Ok(Sorted { runs, heads })
    }
}

enum Run {
    File(BufReader<File>),
    Held(std::vec::IntoIter<Lead>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<Lead>> {
        match self {
            Self::Held(leads) => Ok(leads.next()),
            Self::File(file) => {
                let mut length = [0; 4];
                match file.read_exact(&mut length) {
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                    other => other?,
                }
                let mut bytes = vec![0; usize::try_from(u32::from_le_bytes(length)).map_err(io::Error::other)?];
                file.read_exact(&mut bytes)?;
                Ok(Some(serde_json::from_slice(&bytes)?))
            }
        }
    }
}

/// Leads in order.
pub(crate) struct Sorted {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Lead, usize)>>,
}

impl Iterator for Sorted {
    type Item = io::Result<Lead>;

    fn next(&mut self) -> Option<io::Result<Lead>> {
        let Reverse((lead, number)) = self.heads.pop()?;
        match self.runs.get_mut(number).map(Run::next) {
            Some(Err(error)) => return Some(Err(error)),
            Some(Ok(Some(next))) => self.heads.push(Reverse((next, number))),
            Some(Ok(None)) | None => {}
        }
        Some(Ok(lead))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(arn: &str, time: i64, at: u64) -> Lead {
        Lead {
            kind: 0,
            account: "111122223333".to_owned(),
            arn: arn.to_owned(),
            time,
            later: true,
            at,
            first: true,
            wakes: true,
            selection: 1,
            event: String::new(),
            id: None,
            by: String::new(),
            actor: String::new(),
            tool: None,
            own: false,
            region: "eu-central-1".to_owned(),
            what: What::Told { text: "{}".to_owned(), envelope: false },
        }
    }

    #[test]
    fn what_does_not_fit_comes_back_in_order() {
        for most in [0, 1_000, 1_000_000] {
            let mut shelf = Shelf::default();
            let mut expected = Vec::new();
            for number in 0..200_i64 {
                let lead =
                    lead(["a", "b", "c"][usize::try_from(number % 3).unwrap()], number * 7 % 50, number.unsigned_abs());
                expected.push(lead.clone());
                shelf.put(lead, most).unwrap();
            }
            expected.sort();
            let sorted: Vec<Lead> = shelf.sorted().unwrap().map(Result::unwrap).collect();
            assert_eq!(sorted, expected, "{most}");
        }
    }

    #[test]
    fn a_resource_has_one_shelf() {
        assert_eq!(shelf(&lead("a", 1, 1)), shelf(&lead("a", 2, 9)));
    }
}
