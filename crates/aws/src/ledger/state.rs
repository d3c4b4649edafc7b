//! What the ledger remembers of one resource beside its corrections and findings.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;
use rectify_controls::{AccountId, Deferral, Past};

use super::{
    Ledger,
    expression::{Edit, number, text},
    ids::ResourceKey,
    open::Open,
    row::{Row, budget_key, deferral_key, tug_key, unusable},
    store::{Refused, Rows},
    types::{Json, KEEP_SHORT, Lease, after, moment, ttl},
};
use crate::AwsFailure;

/// How many of the latest corrections a control remembers of one resource.
pub(super) const RECENT: usize = 50;

/// Everything the ledger remembers of one resource.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceState {
    /// Who may change it, or last might. `None` when nobody ever did.
    pub lease: Option<Lease>,
    /// What happened lately, by control id.
    pub past: BTreeMap<String, Past>,
    /// Findings that were told and have not ended, by control id.
    pub open: BTreeMap<String, Open>,
    /// What was kept of it when it stood well; `None` when nothing was, or its kind keeps nothing.
    pub kept: Option<Json>,
    /// The text of each control's latest corrections, as it stands in the ledger.
    tugs: BTreeMap<String, String>,
}

impl ResourceState {
    /// What happened lately to `control`; nothing when nothing is remembered.
    #[must_use]
    pub fn past(&self, control: &str) -> Past {
        self.past.get(control).cloned().unwrap_or_default()
    }

    pub(super) fn tug(&self, control: &str) -> Option<&str> {
        self.tugs.get(control).map(String::as_str)
    }

    fn learn(&mut self, row: &Row) -> Result<(), AwsFailure> {
        let state = row.text("sk")?.strip_prefix("state#").ok_or_else(|| unusable("sk"))?;
        match state.split_once('#') {
            None if state == "lease" => self.lease = Some(row.lease()?),
            None if state == "kept" => self.kept = Some(row.parsed("facts")?),
            Some(("deferral", control)) => {
                self.past.entry(control.to_owned()).or_default().deferral = Some(row.deferral()?);
            }
            Some(("tug", control)) => {
                let past = self.past.entry(control.to_owned()).or_default();
                past.fenced_until = row.time_if_any("fenced_until")?;
                if let Some((corrections, text)) = row.recent()? {
                    past.corrections = corrections;
                    self.tugs.insert(control.to_owned(), text);
                }
            }
            Some(("open", control)) => {
                self.open.insert(control.to_owned(), row.open()?);
            }
            _ => return Err(unusable("sk")),
        }
        Ok(())
    }
}

/// The deferral as its row has it, which is what everybody else reads.
fn stored(deferral: &Deferral) -> Deferral {
    Deferral { since: moment(deferral.since.as_millisecond()), due: moment(deferral.due.as_millisecond()) }
}

impl Ledger {
    /// Everything the ledger remembers of the resource, as of now.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read or a row is not as we write them, and then nothing may be changed.
    pub async fn resource(&self, key: &ResourceKey) -> Result<ResourceState, AwsFailure> {
        let mut state = ResourceState::default();
        for row in self.partition(&key.to_string(), Rows::Prefix("state#")).await? {
            state.learn(&row)?;
        }
        Ok(state)
    }

    /// Remembers that the breach is waited for, unless it is already. Of any number of functions that defer at once, all
    /// get the same answer: the one that is in force.
    ///
    /// A deferral that was due before `stale_before` was another breach's, whose end nobody saw, and is replaced.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn defer(
        &self,
        key: &ResourceKey,
        control: &str,
        deferral: &Deferral,
        stale_before: Timestamp,
    ) -> Result<Deferral, AwsFailure> {
        let (pk, sk) = (key.to_string(), deferral_key(control));
        let edit = || {
            Edit::default()
                .set("since", number(deferral.since.as_millisecond()))
                .set("due", number(deferral.due.as_millisecond()))
                .set("ttl", number(ttl(deferral.due, KEEP_SHORT)))
                .when("attribute_not_exists(#due) OR #due < :stale_before")
                .bind("stale_before", number(stale_before.as_millisecond()))
        };
        match self.write(&pk, &sk, edit(), ReturnValue::None).await {
            Ok(_) => return Ok(stored(deferral)),
            Err(Refused::Failed(failure)) => return Err(failure),
            Err(Refused::Condition(Some(row))) => return row.deferral(),
            Err(Refused::Condition(None)) => {}
        }
        match self.get(&pk, &sk).await? {
            Some(row) => row.deferral(),
            // There a moment ago, and ended now.
            None => self
                .write(&pk, &sk, edit(), ReturnValue::None)
                .await
                .map(|_| stored(deferral))
                .map_err(AwsFailure::from),
        }
    }

    /// Forgets that breaches were waited for: they are corrected, or gone.
    ///
    /// # Errors
    /// [`AwsFailure`] of the first that could not be forgotten.
    pub async fn end_deferrals(&self, key: &ResourceKey, controls: &[&str]) -> Result<(), AwsFailure> {
        let pk = key.to_string();
        let ends = controls.iter().map(|control| {
            let (pk, sk) = (&pk, deferral_key(control));
            async move { self.delete(pk, &sk).await }
        });
        futures::future::try_join_all(ends).await.map(drop)
    }

    /// No more corrections of `control` on the resource before `until`. Never moves the end forward.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn fence(&self, key: &ResourceKey, control: &str, until: Timestamp) -> Result<(), AwsFailure> {
        let edit = Edit::default()
            .set("fenced_until", number(until.as_millisecond()))
            .set("ttl", number(ttl(until, KEEP_SHORT)))
            .when("attribute_not_exists(#fenced_until) OR #fenced_until < :fenced_until");
        match self.write(&key.to_string(), &tug_key(control), edit, ReturnValue::None).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Ends a tug of war: forgets the fence and the earlier corrections of `control` on the resource.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written.
    pub async fn unfence(&self, key: &ResourceKey, control: &str) -> Result<(), AwsFailure> {
        self.delete(&key.to_string(), &tug_key(control)).await.map(drop)
    }

    /// Whether to tell `what`: `true` for the first Lambda request that asks, and again for that one's own retries, which
    /// may have failed to tell; for everybody else `false` until `keep` has passed.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written: tell it anyway.
    pub async fn once(&self, what: &str, request: &str, now: Timestamp, keep: Duration) -> Result<bool, AwsFailure> {
        let edit = Edit::default()
            .set("request", text(request))
            .set("until", number(after(now, keep)))
            .set("ttl", number(ttl(now, keep + KEEP_SHORT)))
            .when("attribute_not_exists(#until) OR #until < :now OR #request = :request")
            .bind("now", number(now.as_millisecond()));
        match self.write("once", what, edit, ReturnValue::None).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Keeps `facts` of the resource as what stood well at `now`, in place of what was kept before, for as long as the table is
    /// there: a resource that nobody touches for years is the one whose end nobody expects. An older look never replaces a newer one's.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written: what was kept before stays.
    pub async fn keep(&self, key: &ResourceKey, facts: &Json, now: Timestamp) -> Result<(), AwsFailure> {
        let edit = Edit::default()
            .set("facts", text(facts.as_str()))
            .set("kept_at", number(now.as_millisecond()))
            .when("attribute_not_exists(#kept_at) OR #kept_at < :kept_at");
        match self.write(&key.to_string(), "state#kept", edit, ReturnValue::None).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Corrections of `control` in the hour of `now`: in the account, and in all accounts.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read.
    pub async fn budget(&self, control: &str, account: &AccountId, now: Timestamp) -> Result<(u64, u64), AwsFailure> {
        let (here, everywhere) = (budget_key(control, Some(account), now), budget_key(control, None, now));
        let (here, everywhere) = futures::join!(self.get(&here, "count"), self.get(&everywhere, "count"));
        let used = |row: Option<Row>| row.unwrap_or_default().count("used");
        Ok((used(here?)?, used(everywhere?)?))
    }
}
