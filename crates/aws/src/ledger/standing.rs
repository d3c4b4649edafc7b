//! Switches, exemptions and accounts: what holds until somebody ends it.

use jiff::{SignedDuration, Timestamp};
use rectify_controls::{AccountId, Exemption, Origin, Standing};

use super::{
    Ledger,
    expression::{Edit, number, text},
    row::{exemption_key, ours, standing_key, unusable},
    store::Rows,
    transaction::unbuilt,
    types::{KEEP, ttl},
};
use crate::{AwsFailure, FailureKind};

/// How long an exemption that ended is still read: far longer than any clock is wrong.
const ENDED: SignedDuration = SignedDuration::from_hours(24);

impl Ledger {
    /// What holds for `account`, as of now. Exemptions that ended long ago are left out.
    ///
    /// # Errors
    /// [`AwsFailure`] when the ledger cannot be read, or a row is not as we write them: then it is not known what holds, and
    /// nothing may be changed.
    pub async fn standing(&self, account: &AccountId) -> Result<Standing, AwsFailure> {
        let from = self.now().checked_sub(ENDED).unwrap_or(Timestamp::MIN).as_millisecond();
        let (all, one) = (standing_key(None), standing_key(Some(account)));
        let (all, one) =
            futures::try_join!(self.partition(&all, Rows::Until(from)), self.partition(&one, Rows::Until(from)),)?;
        let mut standing = Standing::default();
        for row in all.iter().chain(&one) {
            match row.text("sk")?.split_once('#') {
                Some(("switch", _)) => standing.switches.push(row.switch()?),
                Some(("exemption", _)) => standing.exemptions.push(row.exemption()?),
                None if row.text("sk")? == "account" => standing.account = Some(row.account_facts()?),
                _ => return Err(unusable("sk")),
            }
        }
        Ok(standing)
    }
}

/// An exemption's row: its key and what is written.
pub(super) fn exempted(exemption: &Exemption) -> Result<(String, String, Edit), AwsFailure> {
    let Origin::Row { id, .. } = &exemption.origin else {
        let message = "an exemption of the settings file has no row".to_owned();
        return Err(ours("UpdateItem", FailureKind::Invalid, None, message));
    };
    let until = number(exemption.until.as_millisecond());
    let json = serde_json::to_string(exemption).map_err(|error| unbuilt(&error))?;
    let edit = Edit::default()
        .set("exemption", text(json))
        .set("until", until.clone())
        .set("feed", text(EXEMPTIONS))
        .set("at", until)
        .set("ttl", number(ttl(exemption.until, KEEP)));
    Ok((standing_key(exemption.account.as_ref()), exemption_key(id), edit))
}

/// The feed of exemptions.
pub(super) const EXEMPTIONS: &str = "exemption";

/// The feed of switches.
pub(super) const SWITCHES: &str = "switch";
