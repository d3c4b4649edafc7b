//! Taking the right to undo a correction.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use rectify_controls::{AccountId, Exemption};

use super::{
    Ledger,
    claim::ClaimError,
    expression::{Edit, number, text},
    ids::{CorrectionId, ResourceKey},
    lease::taken,
    row::{LEASE, correction_key, exemption_key, standing_key},
    standing::exempted,
    state::ResourceState,
    transaction::{Part, Taking},
    types::WriteAhead,
};
use crate::AwsFailure;

/// What is undone.
#[derive(Debug, Clone, Copy)]
pub struct UndoClaim<'a> {
    /// The resource.
    pub key: &'a ResourceKey,
    /// What will be done, and how that is undone. Its id is an undo's, its `undoes` is `of`.
    pub ahead: &'a WriteAhead,
    /// The correction, or the earlier undo.
    pub of: &'a CorrectionId,
    /// When `of` is an undo itself: what it had undone, which counts as not undone from now on.
    pub restores: Option<&'a CorrectionId>,
    /// Exemptions that it opens, so that the controls do not act again at once. Rows, each with an id of its own.
    pub exemptions: &'a [Exemption],
    /// Exemptions that it ends, because the undo that had opened them is undone: the account each is narrowed to, and its id.
    pub end_exemptions: &'a [(Option<AccountId>, String)],
    /// What the ledger said of the resource when it was observed.
    pub past: &'a ResourceState,
    /// When the observation that led to the plan *began*.
    pub observed_at: Timestamp,
    /// Now, by [`Ledger::now`].
    pub now: Timestamp,
    /// How long nobody else may act, unless the lease is renewed.
    pub lease: Duration,
}

impl Ledger {
    /// Takes the right to undo a correction. In the same write the correction counts as undone, and the exemptions begin and
    /// end. All of it or nothing.
    ///
    /// A person asked for it: neither switches nor budgets hold it back, and no tug of war counts it.
    ///
    /// # Errors
    /// [`ClaimError`], and then nothing was written and nothing may be changed: [`ClaimError::AlreadyUndone`] also when the
    /// other undo still runs, or crashed.
    pub async fn claim_undo(&self, claim: &UndoClaim<'_>) -> Result<(), ClaimError> {
        self.take(Taking {
            key: claim.key,
            request: &claim.ahead.request,
            now: claim.now,
            lease: claim.lease,
            token: claim.ahead.id.to_string(),
            list: self.undoing(claim)?,
        })
        .await
    }

    fn undoing(&self, claim: &UndoClaim<'_>) -> Result<Vec<(Part, TransactWriteItem)>, AwsFailure> {
        let UndoClaim { key, ahead, now, .. } = *claim;
        let pk = key.to_string();
        let lease = taken(ahead, claim.past, claim.observed_at, now, claim.lease)?;
        let undone = Edit::default()
            .set("undone_by", text(ahead.id.as_str()))
            .set("undone_at", number(now.as_millisecond()))
            .when("attribute_exists(#pk) AND attribute_not_exists(#undone_by)");
        let mut list = vec![
            (Part::Lease, self.update(&pk, LEASE, lease)?),
            (Part::Correction, self.write_ahead(&pk, ahead, now)?),
            (Part::Undone, self.update(&pk, &correction_key(claim.of), undone)?),
        ];
        if let Some(restores) = claim.restores {
            let edit = Edit::default()
                .remove("undone_by")
                .remove("undone_at")
                .when("#undone_by = :of")
                .bind("of", text(claim.of.as_str()));
            list.push((Part::Restored, self.update(&pk, &correction_key(restores), edit)?));
        }
        for exemption in claim.exemptions {
            let (pk, sk, edit) = exempted(exemption)?;
            list.push((Part::Exemption, self.update(&pk, &sk, edit)?));
        }
        for (account, id) in claim.end_exemptions.iter().collect::<BTreeSet<_>>() {
            list.push((Part::Exemption, self.forget(&standing_key(account.as_ref()), &exemption_key(id))?));
        }
        Ok(list)
    }
}

impl Ledger {
    /// Takes back an exemption of an undo that changed nothing: the control acts again as if nobody had asked.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be written, or the exemption is not a row of it.
    pub async fn drop_exemption(&self, exemption: &Exemption) -> Result<(), AwsFailure> {
        let (pk, sk, _) = exempted(exemption)?;
        self.delete(&pk, &sk).await.map(drop)
    }
}
