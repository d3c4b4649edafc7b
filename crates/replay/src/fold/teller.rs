//! From leads in their order to the resources that they are about.

use std::{collections::HashMap, io};

use jiff::Timestamp;

use super::{Belonging, Folder, Rows, Telling, resource::Resource};
use crate::{
    lead::{Lead, Sorted, What},
    tally::Verdicts,
};

/// Accounts of which it is remembered what holds.
const MOST_ACCOUNTS: usize = 50_000;

/// Calls on one account that are kept for its resources: about one an hour for half a year.
const MOST_WIDE: usize = 5_000;

/// Tells the leads of one shelf to each of `tellers`; `over` is called with them when all that concerns one lead is said.
///
/// # Errors
/// When temporary files cannot be read, or rows not be written.
pub(crate) fn tell(
    leads: Sorted,
    tellers: &mut [Teller<'_, '_, '_>],
    over: &mut dyn FnMut(&[Teller<'_, '_, '_>]) -> io::Result<()>,
) -> io::Result<()> {
    let mut last: Option<Lead> = None;
    for lead in leads {
        let lead = lead?;
        if let What::Wide { .. } = &lead.what {
            tellers.iter_mut().for_each(|teller| teller.keep(&lead));
            continue;
        }
        if !last.as_ref().is_some_and(|last| last.is_about_the_same(&lead)) {
            tellers.iter_mut().try_for_each(Teller::end)?;
            over(tellers)?;
            for teller in &mut *tellers {
                teller.begin(&lead);
            }
        }
        for teller in &mut *tellers {
            teller.take(&lead)?;
        }
        over(tellers)?;
        last = Some(lead);
    }
    tellers.iter_mut().try_for_each(Teller::end)?;
    over(tellers)
}

/// One replay's way through leads.
pub(crate) struct Teller<'t, 'a, 'r> {
    folder: &'t Folder<'a>,
    accounts: HashMap<String, Option<Belonging<'a>>>,
    resource: Option<Resource<'t>>,
    /// What is said of every resource of one kind in one account.
    wide: Vec<Lead>,
    pub(crate) verdicts: Verdicts,
    rows: Rows<'r>,
}

impl<'t, 'a, 'r> Teller<'t, 'a, 'r> {
    pub(crate) fn new(folder: &'t Folder<'a>, rows: Rows<'r>) -> Self {
        Self { folder, accounts: HashMap::new(), resource: None, wide: Vec::new(), verdicts: Verdicts::default(), rows }
    }

    /// Whether something will be said of this lead later, when its grace time is over.
    pub(crate) fn waits(&self, control: &str, at: u64) -> bool {
        let waiting = self.resource.as_ref().and_then(|resource| resource.waiting.get(control));
        waiting.is_some_and(|waiting| waiting.lead.at == at)
    }

    fn begin(&mut self, lead: &Lead) {
        if self.accounts.len() > MOST_ACCOUNTS {
            self.accounts.clear();
        }
        if !self.accounts.contains_key(&lead.account) {
            self.accounts.insert(lead.account.clone(), self.folder.belonging(&lead.account));
        }
        self.resource = self.folder.begin(lead);
    }

    /// Keeps what is said of every resource that follows of this kind and account.
    fn keep(&mut self, lead: &Lead) {
        if self.wide.last().is_some_and(|last| !last.is_of_the_account_of(lead)) {
            self.wide.clear();
        }
        if self.wide.len() < MOST_WIDE {
            self.wide.push(lead.clone());
        }
    }

    fn take(&mut self, lead: &Lead) -> io::Result<()> {
        let Self { folder, accounts, resource, wide, verdicts, rows } = self;
        match (resource, accounts.get(&lead.account)) {
            (Some(resource), Some(Some(belonging))) => {
                let mut telling = Telling { folder, belonging, verdicts, rows };
                if wide.first().is_some_and(|call| call.is_of_the_account_of(lead)) {
                    let before = wide.partition_point(|call| call.order() < lead.order());
                    telling.wide(resource, wide.get(..before).unwrap_or_default())?;
                }
                telling.lead(resource, lead)
            }
            // Nothing is believed about an account or a region that cannot be one.
            _ => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let Self { folder, accounts, resource, wide, verdicts, rows } = self;
        let Some(mut resource) = resource.take() else { return Ok(()) };
        let Some(Some(belonging)) = accounts.get(resource.place.account.as_str()) else { return Ok(()) };
        let mut telling = Telling { folder, belonging, verdicts, rows };
        let is_wide =
            |call: &Lead| usize::from(call.kind) == resource.number && call.account == resource.place.account.as_str();
        if wide.first().is_some_and(is_wide) {
            telling.wide(&mut resource, wide)?;
        }
        telling.due(&mut resource, Timestamp::MAX)?;
        telling.ended(resource);
        Ok(())
    }
}
