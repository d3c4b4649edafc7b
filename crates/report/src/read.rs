//! What an overview needs of the ledger.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use rectify_aws::{AwsFailure, CorrectionRow, FindingRow, Ledger, ResourceKey};
use rectify_controls::{AccountFacts, AccountId, Exemption, Reach, Switch};

/// Most rows of one kind that are read, the newest. One more is asked for, to know whether there are.
pub const MOST: usize = 10_000;

/// Outcomes with which a finding is open, unless its row says that it is resolved.
const TOLD: [&str; 6] = ["notified", "withheld", "deferred", "not-proven", "failed", "unverifiable"];

/// Outcomes with which a finding ended that nobody corrected.
const ENDED: [&str; 2] = ["resolved", "exempt"];

/// Accounts that are asked for at the same time.
const PARALLEL: usize = 8;

/// Everything of the ledger that an overview is made of.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Now, by the ledger's clock.
    pub now: Timestamp,
    /// Findings that are open, as of now and however old.
    pub open: Vec<FindingRow>,
    /// Findings that ended in the period without a correction.
    pub ended: Vec<FindingRow>,
    /// Findings that were seen in shadow mode in the period.
    pub shadowed: Vec<FindingRow>,
    /// Corrections and undos that were begun in the period.
    pub corrections: Vec<(ResourceKey, CorrectionRow)>,
    /// Everything that is paused.
    pub switches: Vec<Switch>,
    /// The ledger's exemptions, also those that ended.
    pub exemptions: Vec<Exemption>,
    /// Where each account of the other rows is in the organisation, where that was written down.
    pub accounts: BTreeMap<AccountId, AccountFacts>,
    /// What there was more of than was read, for people.
    pub cut: Vec<&'static str>,
}

impl Rows {
    /// Reads them. At most [`MOST`] of each kind: what is cut is named in `cut`.
    ///
    /// # Errors
    /// [`AwsFailure`] of the first question that failed, or when a row is not as any release writes it: half of the rows are
    /// no overview.
    pub async fn read(ledger: &Ledger, from: Timestamp, to: Timestamp) -> Result<Self, AwsFailure> {
        let (open, ended, shadowed, corrections, switches, exemptions) = futures::try_join!(
            findings(ledger, &TOLD, None),
            findings(ledger, &ENDED, Some(from)),
            findings(ledger, &["shadowed"], Some(from)),
            ledger.corrections(from, to, None, None, MOST + 1),
            ledger.switches(),
            ledger.exemptions(),
        )?;
        let mut rows = Self { now: ledger.now(), corrections, switches, exemptions, ..Self::default() };
        let mut kept = |(mut found, cut): (Vec<FindingRow>, bool), what: &'static str| {
            if cut {
                rows.cut.push(what);
            }
            let mut seen = HashSet::new();
            // One that got another outcome while they were read is in two lists.
            found.retain(|row| seen.insert((row.key.to_string(), row.control.clone(), row.fingerprint.to_string())));
            found
        };
        rows.open = kept(open, "findings of one outcome").into_iter().filter(|row| row.status != "resolved").collect();
        rows.ended = kept(ended, "findings that ended").into_iter().filter(|row| row.status == "resolved").collect();
        rows.shadowed = kept(shadowed, "findings in shadow mode");
        if rows.corrections.len() > MOST {
            rows.corrections.truncate(MOST);
            rows.cut.push("corrections");
        }
        rows.accounts = accounts(ledger, rows.accounts_named()).await?;
        Ok(rows)
    }

    /// Every account that any row is about.
    fn accounts_named(&self) -> BTreeSet<AccountId> {
        let findings = self.open.iter().chain(&self.ended).chain(&self.shadowed).map(|row| &row.key);
        let keys = findings.chain(self.corrections.iter().map(|(key, _)| key));
        let mut accounts: BTreeSet<AccountId> = keys.map(|key| key.place.account.clone()).collect();
        accounts.extend(self.exemptions.iter().filter_map(|exemption| exemption.account.clone()));
        accounts.extend(self.switches.iter().filter_map(|switch| match &switch.reach {
            Reach::Account(account) => Some(account.clone()),
            Reach::All | Reach::Control(_) => None,
        }));
        accounts
    }
}

/// Findings with these outcomes, at most [`MOST`] of each, and whether there are more.
async fn findings(
    ledger: &Ledger,
    outcomes: &[&'static str],
    since: Option<Timestamp>,
) -> Result<(Vec<FindingRow>, bool), AwsFailure> {
    let lists: Vec<Vec<FindingRow>> = stream::iter(outcomes.iter().copied())
        .map(|outcome| ledger.findings(outcome, since, None, None, MOST + 1))
        .buffered(outcomes.len().max(1))
        .try_collect()
        .await?;
    let cut = lists.iter().any(|list| list.len() > MOST);
    Ok((lists.into_iter().flat_map(|list| list.into_iter().take(MOST)).collect(), cut))
}

async fn accounts(ledger: &Ledger, ids: BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, AccountFacts>, AwsFailure> {
    stream::iter(ids)
        .map(|id| async move { Ok::<_, AwsFailure>((ledger.account(&id).await?, id)) })
        .buffer_unordered(PARALLEL)
        .try_filter_map(async |(facts, id)| Ok(facts.map(|facts| (id, facts))))
        .try_collect()
        .await
}
